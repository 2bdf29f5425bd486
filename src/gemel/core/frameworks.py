"""The forms that others ask of a clinical model, each item tied to the topic that answers it (`disclosure`).

Items are named in our own words after: the Coalition for Health AI's Applied Model Card, schema v0.2
(https://mc.chai.org/v0.2/schema.xsd); the 31 source attributes of predictive decision support, 45 CFR
170.315(b)(11)(iv)(B) (HTI-1, 89 FR 1192); TRIPOD+AI, 27 items (Collins et al. 2024, doi:10.1136/bmj-2023-078378); and
ASME V&V 40-2018, table 5-1, with question of interest, context of use and model risk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["FRAMEWORKS", "TOPICS", "Framework", "Item"]


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a form: its number there, what it asks, and the topics that answer it."""

    number: str
    asks: str
    topics: tuple[str, ...]

    def answer(self, said: Mapping[str, str]) -> str | None:
        """What was said, topic after topic; None where nothing was."""
        found = [said[t] for t in self.topics if t in said]
        return found[0] if len(found) == 1 else " ".join(f"{t.rstrip('.')}." for t in found) or None


@dataclass(frozen=True, slots=True)
class Framework:
    """A form: its name, where it stands, and its items in order."""

    name: str
    title: str
    source: str
    items: tuple[Item, ...]

    def stated(self, said: Mapping[str, str]) -> int:
        """How many items are answered."""
        return sum(item.answer(said) is not None for item in self.items)


def _items(*rows: tuple[str, str, str]) -> tuple[Item, ...]:
    return tuple(Item(number, asks, tuple(topics.split())) for number, asks, topics in rows)


CHAI = Framework(
    "chai", "CHAI Applied Model Card v0.2", "https://mc.chai.org/v0.2/schema.xsd",
    _items(
        ("Basic info", "Model name", "title"), ("Basic info", "Developer", "developer"),
        ("Basic info", "Contact", "contact"), ("Release", "Stage", "stage"), ("Release", "Date", "date"),
        ("Release", "Version", "version"), ("Release", "Where it may be used", "licence"),
        ("Release", "Regulatory approval", "regulatory"), ("Summary", "Summary", "kind intended_use"),
        ("Uses", "Intended use and workflow", "intended_use"), ("Uses", "Intended users", "users"),
        ("Uses", "How to use it", "how_to_use"), ("Uses", "Patients it is for", "population"),
        ("Uses", "Settings and uses it is not for", "not_for"), ("Warnings", "Known risks and limits", "limits"),
        ("Warnings", "Known biases, ethical considerations", "biases"),
        ("Warnings", "Clinical risk level", "risk"), ("System facts", "Outcomes and outputs", "outputs"),
        ("System facts", "Type of model", "kind rests_on"), ("System facts", "Source of input data", "input_source"),
        ("System facts", "Types of input and output", "inputs outputs"),
        ("System facts", "Development data", "development_data"),
        ("System facts", "Bias mitigation", "bias_mitigation"),
        ("System facts", "Ongoing maintenance", "monitoring updating"), ("System facts", "Security", "security"),
        ("System facts", "Transparency", "code"), ("Transparency", "Funding", "funding"),
        ("Transparency", "Stakeholders consulted", "stakeholders"),
        ("Key metrics", "Usefulness and efficacy", "figures"),
        ("Key metrics", "Fairness and equity", "fairness_figures"),
        ("Key metrics", "Safety and reliability", "safety_figures uncertainty"),
        ("Resources", "Evaluation references", "sources"), ("Resources", "Clinical trial", "outcomes_evidence"),
        ("Resources", "Consent or disclosure to patients", "consent"),
    ),
)  # fmt: skip

HTI1 = Framework(
    "hti-1", "HTI-1 source attributes of predictive decision support", "45 CFR 170.315(b)(11)(iv)(B)",
    _items(
        ("1.i", "Developer and contact", "developer contact"), ("1.ii", "Funding", "funding"),
        ("1.iii", "Value it produces", "outputs"), ("1.iv", "Kind of output", "kind outputs"),
        ("2.i", "Intended use", "intended_use"), ("2.ii", "Intended patients", "population"),
        ("2.iii", "Intended users", "users"), ("2.iv", "Role in the decision", "decision_role"),
        ("3.i", "Tasks, situations, people it is not for", "not_for"), ("3.ii", "Known risks and limits", "limits"),
        ("4.i", "Who was in and out of the training data", "inclusion"),
        ("4.ii", "Demographic and social inputs used", "demographic_inputs"),
        ("4.iii", "Demographic representativeness", "demographics"),
        ("4.iv", "Relevance of the data to where it is used", "relevance"),
        ("5.i", "How fairness was sought", "fairness"), ("5.ii", "How bias was managed", "bias_mitigation"),
        ("6.i", "Data of external validation", "external_data"), ("6.ii", "Who tested externally", "external_party"),
        ("6.iii", "Representativeness of external data", "external_demographics"),
        ("6.iv", "Process of external validation", "external_process"),
        ("7.i", "Validity, data like the training data", "figures"),
        ("7.ii", "Fairness, data like the training data", "fairness_figures"),
        ("7.iii", "Validity, external data", "external_figures"),
        ("7.iv", "Fairness, external data", "external_fairness"),
        ("7.v", "Evaluations of effect on outcomes", "outcomes_evidence"),
        ("8.i", "How validity is watched", "monitoring"), ("8.ii", "Validity on local data", "local_figures"),
        ("8.iii", "How fairness is watched", "fairness_monitoring"),
        ("8.iv", "Fairness on local data", "local_fairness"), ("9.i", "How it is updated", "updating"),
        ("9.ii", "How failing performance is corrected", "oversight rollback"),
    ),
)  # fmt: skip

TRIPOD = Framework(
    "tripod-ai", "TRIPOD+AI", "doi:10.1136/bmj-2023-078378",
    _items(
        ("1", "Title", "title"), ("2", "Abstract", "intended_use"), ("3a", "Clinical context", "context"),
        ("3b", "Target population and users", "population users"), ("3c", "Known inequalities", "inequalities"),
        ("4", "Objective", "question"), ("5a", "Sources of data", "development_data"),
        ("5b", "Dates of data", "data_dates"), ("6a", "Setting and centres", "setting"),
        ("6b", "Eligibility", "inclusion"), ("6c", "Treatments", "inputs"), ("7", "Preparation of data", "preparation"),
        ("8", "Outcome and its assessment", "outputs"), ("9", "Predictors", "inputs"),
        ("10", "Sample size", "sample_size"), ("11", "Missing data", "missing_data"),
        ("12", "Analysis: form of the model, fitting, measures of performance", "analysis specification"),
        ("13", "Class imbalance", "imbalance"), ("14", "Fairness", "fairness"), ("15", "Model output", "outputs"),
        ("16", "Development against evaluation data", "external_data"), ("17", "Ethical approval", "ethics"),
        ("18a", "Funding", "funding"), ("18b", "Conflicts of interest", "conflicts"), ("18c", "Protocol", "protocol"),
        ("18d", "Registration", "registration"), ("18e", "Data sharing", "data_sharing"), ("18f", "Code", "code"),
        ("19", "Patients and public involved", "stakeholders"), ("20", "Participants", "demographics"),
        ("21", "Numbers in each analysis", "sample_size figures"), ("22", "Full model", "specification"),
        ("23a", "Performance with intervals", "figures"), ("23b", "Differences between clusters", "fairness_figures"),
        ("24", "Updating", "updating"), ("25", "Interpretation", "interpretation"), ("26", "Limitations", "limits"),
        ("27a", "Poor or missing input in use", "missing_data use_error"),
        ("27b", "Interaction and expertise", "how_to_use"), ("27c", "Next steps", "next_steps"),
    ),
)  # fmt: skip

VV40 = Framework(
    "vv40", "ASME V&V 40-2018", "ASME V&V 40-2018, table 5-1",
    _items(
        ("Question", "Question of interest", "question"), ("Context", "Context of use", "intended_use not_for"),
        ("Risk", "Influence of the model on the decision", "decision_role influence"),
        ("Risk", "Consequence of a wrong decision", "consequence"), ("Risk", "Model risk", "risk"),
        ("Code", "Software quality assurance", "software_quality"),
        ("Code", "Numerical code verification", "numerical_verification"),
        ("Calculation", "Discretisation error", "discretisation"), ("Calculation", "Solver error", "solver_error"),
        ("Calculation", "Use error", "use_error"), ("Model", "Model form", "rests_on specification"),
        ("Model", "Model inputs", "inputs uncertainty"), ("Comparator", "Test samples", "sample_size"),
        ("Comparator", "Test conditions", "setting"), ("Assessment", "Equivalency of inputs", "equivalency"),
        ("Assessment", "Output comparison", "figures"),
        ("Applicability", "Relevance of the quantities compared", "relevance_quantities"),
        ("Applicability", "Relevance of the validation to the use", "relevance"),
    ),
)  # fmt: skip

FRAMEWORKS: Mapping[str, Framework] = {f.name: f for f in (CHAI, HTI1, TRIPOD, VV40)}
"""By name."""

TOPICS = frozenset(topic for f in FRAMEWORKS.values() for item in f.items for topic in item.topics)
"""Everything that some form asks."""
