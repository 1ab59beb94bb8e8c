"""Exercise 35: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from loyalty.datasets import complete_journey, nsw
from loyalty.tasks import check

START, END, FAKE = pd.Timestamp("2017-10-30"), pd.Timestamp("2017-12-25"), pd.Timestamp("2017-09-04")
COVARIATES = ["age", "education", "black", "hispanic", "married", "no_degree", "re74"]


@pytest.fixture(scope="module")
def chain():
    return complete_journey()


@pytest.fixture(scope="module")
def survey():
    people = nsw().people
    return people[people.treated | (people["sample"] == "cps")]


def total(chain, start, end):
    lines = chain.receipts[(chain.receipts.time >= start) & (chain.receipts.time < end)]
    return lines.groupby("customer_id").sales.sum()


def members(chain):
    return set(chain.contacts[chain.contacts.campaign_id == 18].customer_id)


def panel(chain, start, end):
    """A row for each household and week: its dollars per 28 days, less its own level in the 84 days before."""
    weeks = pd.date_range(start, end - pd.Timedelta(days=7), freq="7D")
    before = total(chain, start - pd.Timedelta(days=84), start) / 3
    rows = pd.concat({week: total(chain, week, week + pd.Timedelta(days=7)) * 4 for week in weeks}, axis=1)
    rows = rows.reindex(chain.customers.customer_id).fillna(0)
    changes = rows.sub(before.reindex(rows.index).fillna(0), axis=0).stack().rename("change").reset_index()
    return changes.assign(member=changes.customer_id.isin(members(chain)).astype(int))


@pytest.mark.parametrize(("code", "start", "end"), [("35b", START, END), ("35c", FAKE, START)])
def test_errors_that_ignore_repeated_customers_are_named(chain, code, start, end):
    fit = smf.ols("change ~ member", panel(chain, start, end)).fit(cov_type="HC1")
    low, high = fit.conf_int().loc["member"]
    assert check(code, (fit.params["member"], low, high)).mistake == "weeks_as_customers"


def test_errors_clustered_by_customer_are_right(chain):
    rows = panel(chain, START, END)
    fit = smf.ols("change ~ member", rows).fit(cov_type="cluster", cov_kwds={"groups": rows.customer_id})
    low, high = fit.conf_int().loc["member"]
    assert check("35b", (fit.params["member"], low, high)).status == "right"


def test_a_mean_over_buyers_only_is_named(chain):
    spent = total(chain, START, END) / 2
    inside = spent.index.isin(members(chain))
    assert check("35a", spent[inside].mean() - spent[~inside].mean()).mistake == "buyers_only"


def weigh(survey, columns, outcome="re78", kind="att"):
    model = make_pipeline(StandardScaler(), LogisticRegression(C=np.inf, tol=1e-8, max_iter=3000))
    score = model.fit(survey[columns], survey.treated).predict_proba(survey[columns])[:, 1]
    treated = survey.treated.to_numpy()
    one = np.where(treated, 1, score / (1 - score)) if kind == "att" else np.where(treated, 1 / score, 1 / (1 - score))
    values = survey[outcome].to_numpy()
    return np.average(values[treated], weights=one[treated]) - np.average(values[~treated], weights=one[~treated])


def test_matching_on_the_outcome_is_named(survey):
    assert check("35e", weigh(survey, [*COVARIATES, "re78"])).mistake == "outcome_among_covariates"


def test_an_estimate_without_overlap_is_named(survey):
    assert check("35e", weigh(survey, COVARIATES, kind="ate")).mistake == "no_overlap"


def test_the_witness_among_the_covariates_is_named(survey):
    assert check("35e", weigh(survey, [*COVARIATES, "re75"])).mistake == "witness_among_covariates"


def test_weights_made_by_hand_are_right(survey):
    assert check("35e", weigh(survey, COVARIATES)).status == "right"


@pytest.mark.parametrize("letter", ["A", "B", "C"])
def test_a_sentence_that_the_evidence_does_not_allow_is_named(letter):
    assert check("35d", letter).mistake == f"signed_{letter}"
