"""The checks of `tools`, run over this tree.  What each of them catches is shown in the files beside this one."""

from __future__ import annotations

import pytest

from tools import check, loading, mutate, pages


@pytest.mark.parametrize("name", check.CHECKS)
def test_tree_passes(name: str) -> None:
    found = check.CHECKS[name]()
    assert not found, "\n".join(found)


@pytest.mark.alone
def test_import_is_quick_and_light() -> None:
    found = loading.problems()
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("page", pages.pages(), ids=lambda page: page.name)
def test_page_runs_as_written(page, tmp_path) -> None:
    done = pages.run(page, tmp_path)
    assert done.returncode == 0, done.stdout


LISTED = mutate.mutations(mutate.ROOT / mutate.LIST)


@pytest.mark.slow
def test_named_tests_pass_on_a_copy() -> None:
    assert mutate.sound(LISTED) is None


@pytest.mark.slow
@pytest.mark.parametrize("mutation", LISTED, ids=lambda m: m.why.replace(" ", "-"))
def test_broken_code_is_noticed(mutation: mutate.Mutation) -> None:
    assert mutate.survives(mutation) is None
