# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: eight reports, blind
#     question: Which of them do you sign, which do you refuse, and why?
#     module: loyalty.evaluate.clinic
#     test: helpers/tests/tasks/t36/test_tasks.py
#     minutes: 40
#     pace: 15 for 36a to 36c, 25 for Part B
# ---

# %% [markdown]
# [[opening]]
#
# The holding has heard of Marta's pen. Eight sister chains have sent their last campaign report, P to W. On Friday the board decides next year's budget with them. Some are sound, some are broken, each broken one in one way. Nobody tells you which. (Do the tasks in their order: the last one gives a report away.)
#
# Two rules for your pen. You sign *how it was measured*, not what the team proposes to do. And both mistakes cost. If you sign a broken report, money that never comes goes into the plan. If you refuse a sound one, every customer must be contacted again, or a good offer is forgotten.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("36a")` gives one step at a time.

# %%
from loyalty.tasks import check, hint
from loyalty.tasks.t36.scene import open_blind_desk

desk = open_blind_desk()  # about four seconds
desk

# %% [markdown]
# Each report has three tables: `desk["P"].plan` (one row, written before the start; `start` and `end` are what was measured in fact), `desk["P"].contacts` (the list: one row a customer, `arm` is the offer or "control"), `desk["P"].outcomes` (one row a customer and window: `pre` the weeks before, `main` the campaign, `post` the weeks after).

# %% [markdown]
# **36a Does the split fit the plan?** Report **U**: bonus points of December 2023, planned 20 : 80. Do the counts in `contacts` fit `planned_shares`? Give the two-sided p-value of the chi-squared test, without correction. One number, to four decimals.

# %%
### BEGIN SOLUTION
from scipy import stats

counts = desk["U"].contacts.arm.value_counts()
planned = {"control": 0.2, "bonus_points": 0.8}
expected = [planned[arm] * counts.sum() for arm in counts.index]
split_p = stats.chisquare(counts, expected).pvalue
### END SOLUTION

# %%
check("36a", split_p)

# %%
hint("36a")

# %% tags=["verify"]
from loyalty.evaluate.design import check_sample_ratio
from loyalty.tasks.t36.scene import uncover
from loyalty.tasks.t36.verdicts import compare, count_points, find_rows, measure_claim, read_board

cases = uncover()
assert abs(check_sample_ratio(desk["U"].contacts, planned).p - split_p) < 1e-6 and 0.001 < split_p < 0.05
assert cases["U"].defect is None

# %% [markdown] tags=["solution"]
# p = {{split_p:.4f}}: one fair lottery in {{1 / split_p:.0f}} lies at least so far off. "Below .05", says the beginner, and sends a sound campaign back. An experienced colleague counts how often one asks: eight reports, several questions each. Something like this turns up on nearly every Friday. The count alarms below .001. This one is *odd*: it goes into the note, and is no reason to refuse.

# %% [markdown]
# **36b Who redeemed?** In the control group of one of the eight reports, customers redeemed the coupon in the window `main`. Which report is it, and which share of *the customers in its control group* redeemed? A pair: the letter and a fraction to four decimals (0.0123 is 1.23 %), such as `("A", 0.0123)`.

# %%
### BEGIN SOLUTION
used = {}
for letter, report in desk.items():
    rows = report.outcomes.query("window == 'main'").merge(report.contacts)
    used[letter] = rows.redeemed.gt(0).groupby(rows.arm).mean()["control"]
leaky = max(used, key=used.get)
leaked = (leaky, used[leaky])
### END SOLUTION

# %%
check("36b", leaked)

# %%
hint("36b")

# %% tags=["verify"]
rows = desk["Q"].outcomes.query("window == 'main'").merge(desk["Q"].contacts)
redeemed = rows.redeemed.gt(0).groupby(rows.arm).mean()
part = redeemed["control"] / redeemed["basket_discount"]
claim = measure_claim("Q")
assert leaky == "Q" and sum(share > 0 for share in used.values()) == 1
assert cases["Q"].defect == "contamination" and 0.15 < part < 0.25 and claim.p > 0.5
assert cases["Q"].claimed_truth > 5 * claim.effect / (1 - part) and cases["Q"].claimed_truth < claim.high

# %% [markdown] tags=["solution"]
# Report {{leaky}}: {{used[leaky]:.2%}} redeemed, where nobody should have had a coupon. Is that little? All of the treated had it, and {{redeemed["basket_discount"]:.1%}} of them redeemed. So about {{part:.0%}} of the control group had it as well, and the gap is too small by that part. The number in the report, €{{claim.effect:.2f}} of margin, also had bad luck: the truth is €{{cases["Q"].claimed_truth:.2f}}. For {{claim.n_treated:,}} customers that is €{{cases["Q"].claimed_truth * claim.n_treated:,.0f}} of margin. "We propose not to repeat it" would have buried it.

# %% [markdown]
# **36c Which gap was there before?** Compare the sales of the two groups in the weeks *before* the start (window `pre`), in all eight reports. Which one has the clearest gap, that is the smallest p-value? And how large is that gap, treated minus control? Four values: `(letter, effect, low, high)`, euros per customer to the cent, 95 % interval (difference of the means ± 1.96 standard errors), such as `("A", 0.12, -0.34, 0.58)`.

# %%
### BEGIN SOLUTION
from loyalty.stats import compare_means

gaps = {}
for letter, report in desk.items():
    early = report.outcomes.query("window == 'pre'").merge(report.contacts)
    control = early.arm == "control"
    gaps[letter] = compare_means(early.sales[~control], early.sales[control])
late = min(gaps, key=lambda letter: gaps[letter].p)
gap_before = (late, gaps[late].effect, gaps[late].low, gaps[late].high)
### END SOLUTION

# %%
check("36c", gap_before)

# %%
hint("36c")

# %% tags=["verify"]
gap = gaps["S"]
others = [one.p for letter, one in gaps.items() if letter != "S"]
assert late == "S" and gap.p < 1e-10 and min(others) > 0.01
assert gap.low > measure_claim("S").effect and cases["S"].truth == 0
assert cases["S"].defect == "control chosen afterwards"

# %% [markdown] tags=["solution"]
# Report {{late}}: €{{gap.effect:.2f}} (€{{gap.low:.2f}} to €{{gap.high:.2f}}), more than the campaign's own number, and no accident (p < .001). The magazine went to good customers, and the team picked the control group later: `assigned_at` says {{desk["S"].contacts.assigned_at.max().day}} {{desk["S"].contacts.assigned_at.max():%B}}, and the campaign had begun on {{desk["S"].plan.start.item().day}} {{desk["S"].plan.start.item():%B}}. It is tempting to subtract the gap before. That would say −€{{gap.effect - measure_claim("S").effect:.2f}} (four weeks taken from six, besides): "the magazine does harm". It does nothing; good customers come down by themselves (regression to the mean). The report says €{{measure_claim("S").effect * measure_claim("S").n_treated:,.0f}}, and the truth is €0.

# %% [markdown]
# ---
# ## Part B, for self-study
#
# **36d The board.** A verdict on each of the eight: a pair `("sign", None)` or `("refuse", reason)`. The reason is one of the ten keys: "sample ratio", "contamination", "control chosen afterwards", "unequal seasons", "early stop", "survivors", "winner's curse", "failed channel", "swapped metric", "broken join". If two things look wrong, name the one that came *first*. A point for each decision and a point for each reason make 16 in all (the reason of a sound report is `None`).
#
# You may use every tool of the lesson, by hand or `examine_campaign(report.contacts, report.outcomes, report.plan, Claim(outcome=…))`. Only its sentence says what a report *claims* (`Claim`, from `loyalty.evaluate.clinic`): read it. `outcome` is "sales", "margin" or "orders".
#
# ```python
# board = {"P": ("sign", None), "Q": ("refuse", "survivors"), ...}  # all eight
# ```

# %%
### BEGIN SOLUTION
from loyalty.evaluate.clinic import Claim, examine_campaign

said = {"P": "sales", "Q": "margin", "R": "orders", "S": "sales"}
said |= {"T": "orders", "U": "sales", "V": "margin", "W": "orders"}
seen = {}
board = {}
for letter, report in desk.items():
    tables = report.contacts, report.outcomes, report.plan
    seen[letter] = examine_campaign(*tables, Claim(said[letter]))
    reasons = [problem.check for problem in seen[letter].problems]
    board[letter] = (seen[letter].verdict, reasons[0] if reasons else None)
### END SOLUTION

# %%
check("36d", board)

# %%
hint("36d")

# %% tags=["verify"]
assert all(said[letter] == case.claim.outcome for letter, case in cases.items())
assert all(case.claim.looks == 1 and case.claim.segment is None for case in cases.values())
of = {case.defect: letter for letter, case in cases.items() if case.defect}
assert of == {"contamination": "Q", "control chosen afterwards": "S", "swapped metric": "T", "early stop": "V", "broken join": "W"}  # fmt: skip
assert int(count_points(read_board(board)).sum().sum()) == 16
blind = {letter: examine_campaign(desk[letter].contacts, desk[letter].outcomes).verdict for letter in "TV"}
assert blind == {"T": "sign", "V": "sign"}
same = {letter: examine_campaign(*report[2:], report.plan, Claim()) for letter, report in desk.items()}
hasty = {letter: (one.verdict, one.problems[0].check if one.problems else None) for letter, one in same.items()}
swaps = ("refuse", "swapped metric")
assert (hasty["R"], hasty["W"], hasty["T"]) == (swaps, swaps, ("sign", None))
short = desk["W"].contacts.assign(short=desk["W"].contacts.customer_id.str.len() < 7)
assert short.groupby("arm").short.sum()["magazine"] == 0 and find_rows("W").query("customer_id.str.len() < 7").orders.sum() == 0  # fmt: skip

# %% tags=["solution"]
from loyalty.tasks.t36.scene import Desk

sheet = {}
for letter, one in seen.items():
    reasons = [f"{problem.check}: {problem.evidence}" for problem in one.problems]
    sheet[letter] = ". ".join([one.verdict, *reasons[:1]])
Desk(sheet)

# %% [markdown] tags=["solution"]
# What an experienced colleague would say, report by report:
#
# - **P** found nothing, and nothing was there (truth: €0). Sign it: unsigned, the magazine is printed again, {{measure_claim("P").n_treated:,}} × 45 cents = €{{measure_claim("P").n_treated * 0.45:,.0f}}.
# - **Q** contamination (36b).
# - **R** "+20 %, p < .001" *and* sound. Too good is no reason either: {{measure_claim("R").n_treated:,}} customers brought €{{cases["R"].truth * measure_claim("R").n_treated:,.0f}} more in truth.
# - **S** control chosen afterwards (36c).
# - **T**: the plan says `sales`, the report speaks of orders: swapped (36e). Its groups also differ before the start with p = {{compare("T", "sales", "pre").p:.3f}}: odd, as something always is. Contacts and outcomes alone do not show the swap. The plan does.
# - **U** has an odd split and is sound (36a). It missed an effect that is there (truth €{{cases["U"].truth:.2f}}). Its interval holds it, and the report does not say "no effect".
# - **V** was planned to {{desk["V"].plan.planned_end.item().day}} {{desk["V"].plan.planned_end.item():%B}}, and ended on {{desk["V"].plan.end.item().day}} {{desk["V"].plan.end.item():%B}}: stopped at the first look. In that one week €{{measure_claim("V").effect:.2f}} of margin was shown, €{{cases["V"].claimed_truth:.2f}} is true: of €{{measure_claim("V").effect * measure_claim("V").n_treated:,.0f}} in the report €{{cases["V"].claimed_truth * measure_claim("V").n_treated:,.0f}} are there.
# - **W** {{int((desk["W"].contacts.customer_id.str.len() < 7).sum())}} card numbers of control have lost zeros ({{int((desk["W"].contacts.customer_id.str.len() == 6).sum())}} of them one). They met no receipt, so they "bought nothing" in all three windows. The weeks before (p = {{compare("W", "sales", "pre").p:.2f}}) may make you suspect the choice of control, but the ids came first. Match the list with the receipts again, with all seven digits, and no contact is paid twice. The name of the fault decides what the repair costs.
#
# The tempting short cuts: *sign what is significant* gives {{int(count_points(read_board({letter: ("sign", None) if measure_claim(letter).p < 0.05 else ("refuse", "sample ratio") for letter in desk})).sum().sum())}} of 16 points, *sign all* {{int(count_points(read_board({letter: ("sign", None) for letter in desk})).sum().sum())}}, *refuse all* (for no good reason) {{int(count_points(read_board({letter: ("refuse", "sample ratio") for letter in desk})).sum().sum())}}. `examine_campaign` without plan and claim signs T and V: what is not seen is not sound. And with the plan but the same `Claim()` for all it speaks of sales: R and W are refused for a swap that nobody made, and T is signed, {{int(count_points(read_board(hasty)).sum().sum())}} points.

# %% [markdown]
# **36e The sentence for T.** The team of report T is in a hurry: *"Orders rose by {{measure_claim("T").effect:.3f}} a customer, p = {{measure_claim("T").p:.3f}}. We send it to everybody on Monday."* The concierge costs 50 cents a contact, and a reward of €7 for each customer who uses it. Which note goes to Jonas? Answer with a pair: the letter, and the **lower end** of the 95 % interval of the number that the *plan* named (treated minus control, window `main`), euros per customer to the cent, such as `("A", -0.12)`.
#
# - `"A"`: *Orders rose, and clearly so. Send it to everybody.*
# - `"B"`: *The number planned shows no clear difference; the interval says what it may be. Orders are a question for the next test. Do not send it to everybody on these numbers.*
# - `"C"`: *The number planned did not move. The concierge does nothing; never again.*
# - `"D"`: *The metric was swapped. Nothing in this wave can be used; run it again.*

# %%
### BEGIN SOLUTION
main = desk["T"].outcomes.query("window == 'main'").merge(desk["T"].contacts)
metric = desk["T"].plan.primary_metric.item()
control = main.arm == "control"
planned_gap = compare_means(main[metric][~control], main[metric][control])
note = ("A" if planned_gap.low > 0 else "B", planned_gap.low)
### END SOLUTION

# %%
check("36e", note)

# %%
hint("36e")

# %% tags=["verify"]
assert metric == "sales" and planned_gap.low < 0 < planned_gap.high and planned_gap.low < cases["T"].truth < planned_gap.high  # fmt: skip
cost = 0.50 + main.reward_paid[main.arm != "control"].mean()
margin_gap = compare("T", "margin")
assert margin_gap.high < cost

# %% [markdown] tags=["solution"]
# B. Sales per customer: €{{planned_gap.effect:.2f}} (−€{{abs(planned_gap.low):.2f}} to €{{planned_gap.high:.2f}}), open. A is the report again: if you may choose among several numbers, you often find one that shines. C takes "not shown" for "not there". In truth the concierge brought €{{cases["T"].truth:.2f}} of sales a customer. D is the reflex of this exercise: a swapped *report* does not spoil the *wave*. The lottery was fair, the planned number lies in the table, and the honest sentence costs one line.
#
# And the money: contact and rewards come to €{{0.50 + main.reward_paid[main.arm != "control"].mean():.2f}} a customer, €{{(0.50 + main.reward_paid[main.arm != "control"].mean()) * len(main):,.0f}} for all {{len(main):,}}. The whole interval of the *margin* (up to €{{compare("T", "margin").high:.2f}}) lies below that. "Send it to everybody" would have paid for orders that nobody had asked for. So the next test needs a cheaper reward as well.
