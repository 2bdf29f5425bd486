"""Risk equations, scores and scales as data: listed, sourced, checked, evaluated over many rows at once."""

from .catalogue import catalogue, find
from .covariates import Covariate, covariates
from .evaluate import evaluate, evaluate_covariates
from .score import Answer, Input, Result, Score

__all__ = [
    "Answer",
    "Covariate",
    "Input",
    "Result",
    "Score",
    "catalogue",
    "covariates",
    "evaluate",
    "evaluate_covariates",
    "find",
]
