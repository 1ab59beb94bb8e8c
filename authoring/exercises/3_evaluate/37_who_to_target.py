# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: an evening at the beauty counter
#     question: The evening loses money with some and earns with others. Who gets a card next month?
#     module: loyalty.evaluate.uplift
#     test: helpers/tests/tasks/t37/test_tasks.py
#     minutes: 40
#     pace: 15 for 37a and 37b, 10 for 37c, 10 for Part B, 5 for the decision (37e needs 37a and 37c only)
# ---

# %% [markdown]
# [[opening]]
#
# Another chain, with many customers who care for beauty. In March it invited a random half of its 60,000 customers to an evening at the beauty counter: a printed card (20 cents). Everybody who came with it within 14 days found a bag of samples waiting (it costs us €6). Next month there will be another evening, and the agency would like to choose the guests: *"We invite those who are most likely to come."* Jonas has to say on Monday who gets a card, if anybody.
#
# Ines has brought one table, `people`, one row a customer:
#
# | column | what it is |
# |---|---|
# | `half` | `learn` or `judge`: the list was cut in two by lot |
# | `arm` | `invited` or `control`, by lottery |
# | `segment` | `mostly beauty`: at least 40 % of the customer's money went to beauty before March. The others: `often` (15 receipts or more) with `some beauty` (above 10 %) or `little beauty`, and `seldom`, either `recent` (came in the 60 days before) or `quiet`; and the few who had `never bought` |
# | `chance` | the agency's forecast of who comes; its model learned on the half `learn` |
# | `came`, `sales` | came within the 14 days (0 or 1); sales in these and the 28 days after, in euros |
# | `profit` | margin less bag less points in the same 42 days, in euros. **The card is not taken off.** |
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("37a")` gives one step at a time. The next cell makes the chain and holds the evening; that takes about fifteen seconds.

# %%
from loyalty.tasks import check, hint
from loyalty.tasks.t37.scene import hold_evening

people, profile = hold_evening()  # profile: known before the evening, for Part B
learn, judge = people[people.half == "learn"], people[people.half == "judge"]
people.head(3)

# %% [markdown]
# **37a Those most likely to come.** Take the fifth of the *judging* half with the highest `chance`. What does a card to these customers earn? Take their profit, invited less control, and take the card off: `(profit, low, high)` in euros per card, with the 95 % interval of `compare_means`, to the cent.

# %%
### BEGIN SOLUTION
from loyalty.stats import compare_means

best = judge.nlargest(len(judge) // 5, "chance")
gap = compare_means(best.profit[best.arm == "invited"], best.profit[best.arm == "control"])
likely = (gap.effect - 0.20, gap.low - 0.20, gap.high - 0.20)
### END SOLUTION

# %%
check("37a", likely)

# %%
hint("37a")

# %% tags=["verify"]
invited = best[best.arm == "invited"]
assert likely[1] < 0 < likely[2] and invited.came.mean() > 1.7 * judge[judge.arm == "invited"].came.mean()
assert invited.profit.mean() > 15

# %% [markdown] tags=["solution"]
# {{"−" if likely[0] < 0 else ""}}€{{abs(likely[0]):.2f}} a card (−€{{abs(likely[1]):.2f}} to €{{likely[2]:.2f}}): open. The agency's forecast is fine. Of these guests {{best[best.arm == "invited"].came.mean():.0%}} came, and {{judge[judge.arm == "invited"].came.mean():.0%}} of all the invited. But of their control group {{best[best.arm == "control"].came.mean():.0%}} came too.
#
# The tempting way is to look at the invited alone. They left €{{best[best.arm == "invited"].profit.mean():.2f}} each, "for a card of 20 cents". They would have left nearly all of it on any other evening.

# %% [markdown]
# **37b Whom does it change?** On the *learning* half: the effect of the invitation on profit for each segment, in euros per customer invited. The card is not taken off here. A Series with one number a segment, to the cent.

# %%
### BEGIN SOLUTION
means = learn.groupby(["segment", "arm"]).profit.mean().unstack()
learned = means.invited - means.control
### END SOLUTION

# %%
check("37b", learned)

# %%
hint("37b")

# %% tags=["solution"]
came = learn[learn.arm == "invited"].groupby("segment").came.mean()
both = means.assign(effect=learned, came=came)
both.sort_values("invited", ascending=False).round(2)

# %% tags=["verify"]
order = both.sort_values("invited", ascending=False)
assert learned.idxmax() == "mostly beauty" and order.index[2] == "mostly beauty"
assert set(order.index[:2]) == {"often, little beauty", "often, some beauty"} == set(learned.nsmallest(2).index)
assert both.came.idxmax() == "often, some beauty" and (learned > 0.20).sum() == 1
assert learned[learned.between(0, 0.20)].round(2).tolist() == [0.02]

# %% [markdown] tags=["solution"]
# Sorted by `invited`, which is training without a control. The two segments on top come often anyway, and the evening loses €{{abs(learned["often, little beauty"]):.2f}} and €{{abs(learned["often, some beauty"]):.2f}} with each of their customers. It earns €{{learned.max():.2f}} with those whose money goes to beauty, and they stand only third in both columns, `invited` and `came`. An experienced colleague reads `effect` and does not even print `invited`.

# %% [markdown]
# **37c The cut-off.** Invite the segments whose effect in 37b is larger than the price of a card. What is this plan worth on the *judging* half? Count the profit with the plan against nobody invited, cards paid, in euros per customer **of the whole judging half**: `(value, low, high)` with the 95 % interval, three decimals.

# %%
### BEGIN SOLUTION
chosen = learned.index[learned > 0.20]
mine = judge[judge.segment.isin(chosen)]
share = len(mine) / len(judge)
inside = compare_means(mine.profit[mine.arm == "invited"], mine.profit[mine.arm == "control"])
plan_value = tuple((end - 0.20) * share for end in (inside.effect, inside.low, inside.high))
### END SOLUTION

# %%
check("37c", plan_value)

# %%
hint("37c")

# %% tags=["solution"]
means = judge.groupby(["segment", "arm"]).profit.mean().unstack()
two = learned.to_frame("learned").assign(judged=means.invited - means.control)
two["share"] = judge.segment.value_counts(normalize=True)
two.sort_values("learned", ascending=False).round(2)

# %% tags=["verify"]
looks_good = set(two.index[two.judged > 0.20])
tuned = judge[judge.segment.isin(looks_good)]
tuned_value = (
    (compare_means(tuned.profit[tuned.arm == "invited"], tuned.profit[tuned.arm == "control"]).effect - 0.2)
    * len(tuned)
    / len(judge)
)
promised = (learned[chosen[0]] - 0.20) * (learn.segment == chosen[0]).mean()
assert len(chosen) == 1 and plan_value[1] > 0 and looks_good - set(chosen) and tuned_value > plan_value[0]
assert promised > 2 * plan_value[0] and two.judged[chosen[0]] < learned[chosen[0]] - 1

# %% [markdown] tags=["solution"]
# €{{plan_value[0]:.3f}} a customer (€{{plan_value[1]:.3f}} to €{{plan_value[2]:.3f}}), with cards for {{share:.0%}} of the customers. Four tempting ways:
#
# - *The value on the half that chose.* It promises €{{(learned[chosen[0]] - 0.20) * (learn.segment == chosen[0]).mean():.2f}}, more than twice as much: the segment won there partly by luck (€{{learned[chosen[0]]:.2f}}, on the judging half €{{two.judged[chosen[0]]:.2f}}).
# - *Tuning on the holdout.* Choose what looks good in the column `judged`, and report that. Then the holdout has become a second learning half, and there is none left to judge.
# - *Zero as the cut-off.* An effect of 2 cents does not pay for a card of 20.
# - *The segment that responds best.* Most guests come from "often, some beauty". A card there is worth nothing that this test could see, and in truth it loses.

# %% [markdown]
# ---
# ## Part B, for self-study
#
# **37d More than everybody?** How much more does your plan bring than inviting everybody? The difference of the two values on the judging half with its 95 % interval, `(difference, low, high)`, in euros per customer of that half, to about 2 cents. (`value_policies` and its `compare` know how; a plan is a Series with `"invited"` or `""` for each customer_id.)

# %%
### BEGIN SOLUTION
from loyalty.evaluate.uplift import fit_uplift, open_trial, value_policies

table = people.assign(propensity=0.5)[["customer_id", "arm", "propensity", "profit"]]
trial = open_trial(profile, table, outcome="profit")
judging = trial.take(trial.arm.index.isin(judge.customer_id))
plan = people.set_index("customer_id").segment.isin(chosen).map({True: "invited", False: ""})
values = value_policies(judging, {"segments": plan}, cost=0.20)
against = values.compare("segments", "everybody: invited")
more_than_everybody = (against.effect, against.low, against.high)
### END SOLUTION

# %%
check("37d", more_than_everybody)

# %%
hint("37d")

# %% tags=["solution"]
learner = fit_uplift(trial.take(trial.arm.index.isin(learn.customer_id)), "dr")
contest = value_policies(judging, {"segments": plan, "DR-learner": learner}, cost=0.20)
contest.to_frame()[["name", "share", "effect", "low", "high"]].round(3)

# %% tags=["verify"]
everybody = contest.estimates["everybody: invited"]
rival = contest.compare("DR-learner", "segments")
assert everybody.high < 0 and rival.low < 0 < rival.high and against.low > 0
assert contest.estimates["DR-learner"].details["share"] > 1.5 * share
assert against.high - against.low < everybody.high - everybody.low

# %% [markdown] tags=["solution"]
# €{{against.effect:.2f}} a customer (€{{against.low:.2f}} to €{{against.high:.2f}}). Everybody *loses* €{{abs(contest.estimates["everybody: invited"].effect):.2f}}, so most of the difference is money that is not thrown after customers who come anyway.
#
# And a learner that sees the whole profile? It sends {{contest.estimates["DR-learner"].details["share"] / share:.1f}} times as many cards and earns about as much: its difference to the segments is €{{abs(rival.effect):.2f}} less (−€{{abs(rival.low):.2f}} to €{{rival.high:.2f}}), which is open. The simple plan needs one line to explain to Marta, and it is hers.

# %% [markdown]
# ## Monday
#
# **37e The decision.** Who gets a card next month? The bags have to be ordered now and cannot be given back. So Jonas is stricter than in [lesson 34](../../notebooks/3_evaluate/34_lift_in_money.ipynb), where you may act on what is likelier to earn. He orders only for a plan whose whole interval against *nobody* lies above zero, and of these for the one with the highest value. What is open gets one more test. Answer with three values: `"everybody"`, `"agency"` (the fifth of 37a), `"segments"` (37c) or `"hold"`; what that is expected to bring with next month's 60,000 customers, against no evening; and the lower end of its 95 % interval; both in euros, to about €60 (a tenth of a cent for each customer), such as `("hold", 0, 0)`.

# %%
### BEGIN SOLUTION
decision = ("segments", plan_value[0] * 60_000, plan_value[1] * 60_000)
### END SOLUTION

# %%
check("37e", decision)

# %%
hint("37e")

# %% tags=["solution"]
from loyalty.tasks.t37.scene import reveal_truth

truth = reveal_truth()[judge.customer_id].to_numpy()
in_fifth = judge.customer_id.isin(best.customer_id)
plans = {"everybody": truth, "agency": truth * in_fifth}
plans["segments"] = truth * judge.segment.isin(chosen)
{name: round(float(value.mean() * 60_000)) for name, value in plans.items()}

# %% tags=["verify"]
true_value = {name: value.mean() for name, value in plans.items()}
assert plan_value[1] < true_value["segments"] < plan_value[2]
assert true_value["everybody"] < 0 < true_value["agency"] < true_value["segments"] / 3
assert two.judged[chosen[0]] < truth[(judge.segment == chosen[0]).to_numpy()].mean() + 0.2 < learned[chosen[0]]
loud_truth = truth[(judge.segment == "often, some beauty").to_numpy()].mean()
assert loud_truth < -0.3 and two.judged["often, some beauty"] - 0.20 > 0
assert likely[1] < truth[in_fifth.to_numpy()].mean() < likely[2]

# %% [markdown] tags=["solution"]
# *Segments*: about €{{decision[1]:,.0f}}, and hardly less than €{{decision[2]:,.0f}}. The table holds the truth of the three plans, in euros for 60,000 customers: everybody would have lost €{{abs(plans["everybody"].mean() * 60_000):,.0f}}, the agency's fifth would have brought €{{plans["agency"].mean() * 60_000:,.0f}}, our segment €{{plans["segments"].mean() * 60_000:,.0f}}. The agency's list was not a bad one; it happens to hold some of the right people. Nobody could know that from its hit rate. And the two halves of 37c? One was lucky and one was not: the truth of our segment is €{{truth[(judge.segment == chosen[0]).to_numpy()].mean() + 0.20:.2f}}, between the two.
#
# What would an experienced colleague add? "Keep a tenth of the segment at home, by lot. And do not be tempted by *often, some beauty*: the judging half shows {{two.judged["often, some beauty"] * 100:.0f}} cents there, the learning half showed a loss." (In truth a card there loses {{abs(loud_truth) * 100:.0f}} cents.) And one thing about this chain: what you found is planted, and chosen so that it shows. We made an evening that moves beauty customers strongly, and took a chain and a draw in which 60,000 customers are enough to see it; another draw of the same chain can leave it open. With the ten percent of the lesson, 40,000 customers left us in doubt.
