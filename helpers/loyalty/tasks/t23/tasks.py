"""Exercise 23, the drugstore shelves: right answers and the usual wrong ones, all computed from the receipts."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from loyalty.segment.clusters.groups import DEEP
from loyalty.segment.clusters.stability import STABLE
from loyalty.tasks.checking.answers import read_letter
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.t23.measures import (
    CLOUDS,
    ROWS_STABLE,
    K,
    agree_over_seeds,
    choose,
    cluster,
    contradicts,
    count_in,
    count_standardised,
    count_unscaled,
    find_best_silhouette,
    find_elbow,
    judge_against_shuffled,
    judge_groups,
    read_means,
    stabilise,
)
from loyalty.tasks.t23.scene import PERSONAS, read_drugstore

UNSURE = 0.25  # of one cloud: a p-value that was rounded to two decimals only is not farther from its own


@cache
def _answer_count() -> Answers:
    made = cluster()
    right = count_in(made)
    sizes = [count_in(made, number) for number in range(1, K + 1)]
    mistakes = (
        Mistake(
            "unscaled_money",
            "You clustered the columns as they are. Then the dollars decide alone, and a handful of big spenders is a cluster. Use `scale_features` first.",
            count_unscaled(),
        ),
        Mistake(
            "store_as_number",
            "`home_store` was among your features. It is a code: store 400 is not nearer to 390 than to 31,000. Leave it out.",
            count_in(cluster(extra=("home_store",))),
        ),
        Mistake(
            "unscaled_with_store",
            "You clustered the columns as they are, with `home_store` among them: then the code of the store decides. Four features, scaled.",
            count_unscaled(("home_store",)),
        ),
        Mistake(
            "no_logarithms",
            "You divided by the standard deviation, but took no logarithms. These columns are skewed: the few largest make a cluster of their own. `scale_features` takes logarithms where they are needed.",
            count_standardised(),
        ),
        Mistake("three_clusters", "That is with k = 3. Four clusters are asked.", count_in(cluster(3))),
        Mistake("five_clusters", "That is with k = 5. Four clusters are asked.", count_in(cluster(5))),
        Mistake("no_promotions", "You left out `promo_share`. Four features are asked.", count_in(cluster(less=1))),
        Mistake(
            "second_cluster",
            'That is cluster 2. Clusters are numbered by money, the most first, with `rank_by="money"`: cluster 1 is asked.',
            sizes[1],
        ),
        Mistake("third_cluster", "That is cluster 3. Cluster 1 has the most money.", sizes[2]),
        Mistake(
            "least_money",
            'That is the cluster with the least money, or the longest silence. Number by money: `rank_by="money"`, then take cluster 1.',
            sizes[3],
        ),
        Mistake("everybody", "That is the number of all households.", len(read_drugstore())),
        Mistake("share", "That is a share. A number of households is asked.", right / len(read_drugstore())),
    )
    return Answers(right, mistakes, f"{right} of {len(read_drugstore()):,} households.")


@cache
def _answer_stability() -> Answers:
    found = stabilise()
    right = (found.ari, found.low, found.high)
    five = stabilise(5)
    raw = stabilise(how="plain")
    jaccard = found.table[["jaccard", "low", "high"]].mean()
    three, fifty, all_rows = stabilise(3), stabilise(draws=50), stabilise(rows=len(read_drugstore()))
    of_each = "This is the mean Jaccard index of the clusters. The agreement of the whole clustering is asked: `.ari`, `.low`, `.high`."
    worst = found.table.sort_values("jaccard").iloc[0]
    mistakes = (
        Mistake(
            "seeds_only",
            "You changed the seed, but kept the households. That shows the luck of the starts only. Draw the households again: `measure_stability`.",
            agree_over_seeds(),
        ),
        Mistake("five_clusters", "That is with k = 5. Four clusters are asked.", (five.ari, five.low, five.high)),
        Mistake(
            "no_logarithms", 'These are features without logarithms (`how="plain"`).', (raw.ari, raw.low, raw.high)
        ),
    )
    near = (
        Mistake(
            "jaccard",
            of_each,
            tuple(float(value) for value in jaccard),
        ),
        Mistake("jaccard_first", of_each, (float(jaccard["jaccard"]), found.low, found.high)),
        Mistake(
            "jaccard_of_clusters",
            of_each,
            tuple(float(value) for value in found.table["jaccard"].agg(["mean", "min", "max"])),
        ),
        Mistake("three_clusters", "That is with k = 3. Four clusters are asked.", (three.ari, three.low, three.high)),
        Mistake(
            "fifty_draws",
            "That is with 50 draws, which is what `measure_stability` does if nobody says otherwise. Here `draws=30` is asked.",
            (fifty.ari, fifty.low, fifty.high),
        ),
        Mistake(
            "all_households",
            f"That is with all {len(read_drugstore()):,} households. Here `max_rows={ROWS_STABLE:_}` is asked.",
            (all_rows.ari, all_rows.low, all_rows.high),
        ),
        Mistake(
            "least_stable",
            "This is the least stable cluster. The agreement of the whole clustering is asked: `.ari`, `.low`, `.high`.",
            (float(worst["jaccard"]), float(worst["low"]), float(worst["high"])),
        ),
    )
    praise = (
        f"{right[0]:.2f} ({right[1]:.2f} to {right[2]:.2f}): mostly the same cut, and now and then quite another one."
    )
    return Answers(right, mistakes, praise, near)


@cache
def _answer_p() -> Answers:
    test = judge_groups()
    right = test.p
    as_large = round(right * (CLOUDS + 1)) - 1
    mistakes = (
        Mistake(
            "shuffled_columns",
            "Your clouds lost the correlations: the columns were shuffled one by one. Then you compare with another shape. `find_groups` keeps the rank correlations.",
            judge_against_shuffled(),
        ),
        Mistake(
            "no_logarithms",
            'These are features without logarithms (`how="plain"`).',
            judge_groups("plain").p,
        ),
        Mistake(
            "few_clouds",
            f"That is with 19 clouds, each of which is worth a twentieth. Here `draws={CLOUDS}` is asked.",
            judge_groups(draws=19).p,
        ),
        Mistake("other_side", "That is 1 − p.", 1 - right),
        Mistake("in_percent", "That is in percent. A fraction is asked.", 100 * right),
        Mistake("the_valley", "That is the valley at the best k. The p-value is asked: `.p`.", test.valley),
        Mistake("the_k", "That is a number of clusters. The p-value is asked: `.p`.", float(test.best_k)),
    )
    near = (
        Mistake(
            "without_the_data",
            "You divided the clouds that look as separate by the clouds. The data count as one more draw: (1 + b) / (1 + B).",
            as_large / CLOUDS,
        ),
    )
    praise = f"p = {right:.2f}: {as_large} of {CLOUDS} clouds without any groups look at least as separate."
    return Answers(right, mistakes, praise, near)


def _judge_p(answer: Any) -> tuple[str | None, str]:
    """With 39 clouds p is a whole number of fortieths; a p-value that is none comes from another number of clouds."""
    parts = CLOUDS + 1
    if isinstance(answer, bool) or not isinstance(answer, int | float) or not 0 <= answer <= 1:
        return None, ""
    if abs(answer * parts - round(answer * parts)) <= UNSURE:
        return None, ""
    return "other_draws", (
        f"With {CLOUDS} clouds p is a whole number of {parts}ths, such as {1 / parts:g} or {2 / parts:g}, and this is none. "
        f"How many clouds did you draw? `draws={CLOUDS}` is asked."
    )


@cache
def _answer_k() -> Answers:
    choice = choose()
    right = choice.k or 0
    stable = choice.table.loc[choice.table["least_stable"] >= STABLE, "k"].max()
    lines = {
        "k_by_eye": (
            find_elbow(),
            "That is where the curve of the spread has its elbow, seen by eye. The rule asks for valleys and for stable clusters.",
        ),
        "best_silhouette": (
            find_best_silhouette(),
            "That is the k with the best silhouette. A cloud without groups has a best silhouette too. The rule asks for valleys and for stable clusters.",
        ),
        "stable_only": (
            int(stable),
            "That is the largest k with stable clusters. The rule asks for a valley at each border as well: stable is not real.",
        ),
        "personas": (5, "Five is a number that agencies like. What does the column `passes` say?"),
        "as_many_as_tried": (6, "That is the largest number that was tried. What does the column `passes` say?"),
        "two": (
            2,
            "Two clusters come back when the households are drawn again. Is there a valley between them? See the column `passes`.",
        ),
    }
    said: dict[int, tuple[str, str]] = {}
    for name, (k, words) in lines.items():
        if k != right and k not in said:
            said[k] = (name, words)
        elif k in said and name == "best_silhouette":
            said[k] = (said[k][0], f"{said[k][1]} (The best silhouette points there too, and it flatters a cloud.)")
    mistakes = [Mistake(name, words, k) for k, (name, words) in said.items()]
    mistakes.append(Mistake("one_cluster", "One cluster is everybody. If no number passes, answer 0.", 1))
    steady = [f"{one}" for one in choice.table.loc[choice.table["least_stable"] >= STABLE, "k"]]
    praise = (
        f"No number passes. Every cluster is stable with k = {', '.join(steady)}, and no border is a valley: the emptiest "
        f"holds {choice.table['valley'].min():.2f} of what its emptier centre holds, and {DEEP:g} is the limit."
    )
    return Answers(right, tuple(mistakes), praise)


def _read_set(answer: Any) -> Any:
    """Read a list or a tuple of clusters as a set; whole numbers in any form."""
    if isinstance(answer, str | bytes) or not isinstance(answer, Iterable):
        return answer
    try:
        return frozenset(f"cluster {int(one)}" for one in answer)
    except (TypeError, ValueError):
        return answer


def _name(*numbers: int) -> frozenset[str]:
    return frozenset(f"cluster {number}" for number in numbers)


@cache
def _answer_names() -> Answers:
    wrong = [number for number, (_, column, claim) in PERSONAS.items() if contradicts(number, column, claim)]
    fine = [number for number in PERSONAS if number not in wrong]
    means = read_means()
    says = f"cluster 2 has a promo_share of {means.at['promo_share', 2]:.2f} and cluster 3 of {means.at['promo_share', 3]:.2f}; everybody has {read_drugstore()['promo_share'].mean():.2f}"
    mistakes = [
        Mistake(
            "names_before_profiles",
            "You trusted the names, and they were chosen before anybody had looked. Put each name beside the profile: one of its numbers must say the same.",
            _name(),
        ),
        Mistake(
            "the_fine_ones",
            "These are the names that the profile supports. Those that it contradicts are asked.",
            _name(*fine),
        ),
        Mistake(
            "all_of_them",
            "Not all are wrong: look at the money of cluster 1, and at the silence of cluster 4.",
            _name(*PERSONAS),
        ),
    ]
    mistakes += [
        Mistake(
            f"only_{number}",
            f"Cluster {number} is one of them. There is another: see the row `promo_share`.",
            _name(number),
        )
        for number in wrong
    ]
    return Answers(_name(*wrong), tuple(mistakes), f"Its names are swapped: {says}.")


@cache
def _answer_decision() -> Answers:
    p, ari = judge_groups().p, stabilise().ari
    right = "C" if p > 0.05 else "A"
    stable = f"The cut comes back when the households are drawn again ({ari:.2f}), but p = {p:.2f}: a cloud without groups is cut as well."
    says = {
        "A": ("stable_is_real", f"{stable} A stable cut is not four kinds of people."),
        "B": (
            "cloud_is_useless",
            "No groups were found. That does not make the cut useless: shoe sizes are a cut cloud too. Judge it by its use.",
        ),
        "C": ("cut_only", "Here the test does find groups."),
        "D": (
            "searched_until_found",
            "If you change seeds and columns until p is below 0.05, one of twenty tries will do, in any cloud. One test, written down first.",
        ),
    }
    mistakes = tuple(Mistake(name, words, letter) for letter, (name, words) in says.items() if letter != right)
    return Answers(right, mistakes, f"{stable} So it is a convenience, and a test says whether it earns.")


TASKS = (
    Task(
        code="23a",
        asks="one whole number: households in the cluster with the most money, of 4 clusters by k-means on the four scaled features, seed 23",
        compute=_answer_count,
        tolerance=0.5,
        hints=(
            "Which of the columns are features, and which one is a code?",
            "`scale_features(shelf, [...])` with recency_days, receipts, money and promo_share.",
            '`cluster_customers(features, 4, rank_by="money", seed=23).sizes`: cluster 1 has the most money.',
        ),
        close="Close, not it. Four features, scaled by `scale_features`, k = 4, seed 23?",
    ),
    Task(
        code="23b",
        asks="three numbers (agreement, low, high), to two decimals: stability of the 4 clusters, 30 draws of the households, seed 23, 1,000 households",
        compute=_answer_stability,
        tolerance=0.005,
        hints=(
            "Not another seed, but other households: draw them again with replacement.",
            "`measure_stability(features, 4, draws=30, seed=23, max_rows=1_000)`",
            "Its `.ari`, `.low` and `.high`, as a tuple.",
        ),
        close="Close, not it. Four clusters, 30 draws, seed 23, 1,000 households?",
    ),
    Task(
        code="23c",
        asks="one number between 0 and 1, to three decimals: the p-value of `find_groups` for 2 to 6 clusters, 39 clouds, seed 23, 700 households",
        compute=_answer_p,
        judge=_judge_p,
        tolerance=0.0005,
        hints=(
            "How many clouds without groups look at least as separate as these households?",
            "`find_groups(features, ks=[2, 3, 4, 5, 6], draws=39, seed=23, max_rows=700)`",
            "Its `.p`.",
        ),
        close="Close, not it. 39 clouds, seed 23, 700 households, and all numbers of clusters from 2 to 6?",
    ),
    Task(
        code="23d",
        asks="one whole number: the number of clusters that the rule of `choose_k` takes among 2 to 6, or 0 if none passes",
        compute=_answer_k,
        tolerance=0.1,
        hints=(
            "The rule: a valley at each border (0.75 or less), and each cluster stable (0.75 or more).",
            "`choose_k(features, ks=[2, 3, 4, 5, 6], seed=23, max_rows=600)`",
            "The column `passes` of its table. If `.k` is None, the answer is 0.",
        ),
        close="",
    ),
    Task(
        code="23e",
        asks="a set of clusters, such as {1, 4}: those whose name the profile contradicts",
        read=_read_set,
        compute=_answer_names,
        tolerance=0,
        hints=(
            "Each name claims that one column is high or low. Which column?",
            '`profile_clusters(clusters, shelf, [...])`; `.pivot()` has the means, `.pivot("shift")` says where everybody is.',
            "A name is contradicted if the interval of the mean lies on the other side of everybody's mean.",
        ),
        close="",
    ),
    Task(
        code="23f",
        asks='one letter: "A", "B", "C" or "D"',
        read=read_letter("ABCD"),
        compute=_answer_decision,
        tolerance=0,
        hints=(
            "Read 23b and 23c together: stable, and p.",
            "Is a cut without groups worthless?",
        ),
        close="",
    ),
)
