"""An evaluation's figures as the tables of a card."""

from __future__ import annotations

from typing import Any

ROWS = {
    "frechet": "Fréchet distance, all features",
    "frechet_pca64": "Fréchet distance, first 64 components",
    "frechet_training": "Fréchet distance, all features, to other training pictures",
    "kid": "kernel distance (KID)",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
}


def number(value: float | None) -> str:
    """A figure for a table: three significant digits, no exponent; – for what was not measured."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value == 0 or abs(value) >= 0.001 else f"{value:.4f}"


def percent(value: float | None) -> str:
    """A share 0 … 1 in per cent; – for what was not measured."""
    return "–" if value is None else f"{100 * value:.0f} %"


def table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def figures_section(evaluation: dict[str, Any]) -> str:
    """The card's section on what was reached: the figures beside their floors, truncation, classes, memorisation."""
    counts = evaluation["counts"]
    parts = [
        _main_table(evaluation),
        f"{counts['generated']:,} generated pictures (seeds 0 …, ψ = {evaluation['psi']:g}) and, for the floor, "
        f"{counts['floor']:,} training pictures of the same classes, none twice; both against "
        f"{counts['held_out_pictures']:,} held-out pictures in the data's own mix of classes. Features: "
        f"{evaluation['features']}. Part of the floor on all features is the estimate's own bias, the more the fewer "
        "the pictures, and flatters that ratio; on the first 64 components, and against the more numerous other "
        "training pictures, there is less of it. The critic is no detector of fakes: it knows this generator only. "
        "[evaluation.json](evaluation.json) has every figure.",
        _truncation(evaluation, counts),
        _memorisation(evaluation),
    ]
    if "reconstruction_ratio" in evaluation:
        parts.append(_reconstruction(evaluation))
    if "per_class" in evaluation:
        parts.append(_classes(evaluation))
    return "\n\n".join(parts)


def _main_table(evaluation: dict[str, Any]) -> str:
    rows = [
        [title, *(number(evaluation[f"{key}{end}"]) for end in ("", "_floor")), number(evaluation.get(f"{key}_ratio"))]
        for key, title in ROWS.items()
        if key in evaluation
    ]
    if "class_agreement" in evaluation:
        agreement = (percent(evaluation[f"class_agreement{end}"]) for end in ("", "_real"))
        rows.append(["class recognised by a classifier", *agreement, "–"])
    levels = (" · ".join(map(number, evaluation[f"swd{end}"])) for end in ("", "_floor"))
    rows.append(["sliced Wasserstein distance, fine to coarse (×10³)", *levels, number(evaluation["swd_ratio"])])
    rows.append(["variety within classes", *(number(evaluation[f"diversity{end}"]) for end in ("", "_real")), "–"])
    text = table(("measure", "generated", "real pictures (floor)", "ratio"), rows)
    if "critic_auc" not in evaluation:
        return text
    critic = table(
        ("the critic, held-out real against generated", "value"),
        [
            ["area under the ROC curve", number(evaluation["critic_auc"])],
            ["the same with training pictures as the real ones", number(evaluation["critic_auc_training_pictures"])],
            ["balanced accuracy at logit 0", number(evaluation["critic_accuracy"])],
            ["calibration error of its logit as a probability", number(evaluation["critic_calibration_error"])],
        ],
    )
    return f"{text}\n\n{critic}"


def _truncation(evaluation: dict[str, Any], counts: dict[str, Any]) -> str:
    keys = ("frechet_pca64", "precision", "recall", "density", "coverage")
    rows = [[f"{row['psi']:g}", *(number(row[key]) for key in keys)] for row in evaluation["truncation"]]
    head = ("ψ", "Fréchet, first 64", "precision", "recall", "density", "coverage")
    return f"Truncation, {counts['truncation']} pictures each (comparable with each other only):\n\n{table(head, rows)}"


def _memorisation(evaluation: dict[str, Any]) -> str:
    facts = evaluation["memorisation"]
    pairs = "; ".join(
        f"seed {pair['seed']}{' (' + pair['class'] + ')' if pair['class'] else ''} – {pair['record']}"
        for pair in evaluation["closest_pairs"]
    )
    return (
        f"Memorisation: from a generated picture to the nearest training picture it is "
        f"{number(facts['nearest_generated_median'])} in the median and at least "
        f"{number(facts['nearest_generated_minimum'])}; from a held-out real picture "
        f"{number(facts['nearest_real_median'])} and {number(facts['nearest_real_minimum'])}. "
        f"{percent(facts['suspicious'])} of the generated pictures are nearer than all but one in a hundred real ones. "
        f"The closest pairs: {pairs}."
    )


def _reconstruction(evaluation: dict[str, Any]) -> str:
    return (
        f"Encoder: {evaluation['reconstruction_count']:.0f} held-out pictures, encoded and painted again, lie "
        f"{number(evaluation['reconstruction_distance'])} from themselves in features of length 1, in the mean; two "
        f"pictures of one class lie {number(evaluation['reconstruction_distance_of_class'])} apart, so the ratio is "
        f"{number(evaluation['reconstruction_ratio'])}. PSNR {number(evaluation['reconstruction_psnr'])} dB (median)."
        + (_reconstructed(evaluation["reconstructed"]) if "reconstructed" in evaluation else "")
    )


def _reconstructed(records: list[str]) -> str:
    return (
        "\n\n![Held-out pictures painted again](reconstructions.jpg)\n\n"
        f"*Held-out pictures as the model paints them from their codes, row by row: {', '.join(records)}. The pictures "
        "themselves are not passed on with it.*"
    )


def _classes(evaluation: dict[str, Any]) -> str:
    rows = [
        [
            name,
            f"{row['count']}",
            *(percent(row.get(key)) for key in ("recognised", "recognised_real")),
            *(number(row.get(key)) for key in ("precision", "recall", "density", "coverage")),
        ]
        for name, row in evaluation["per_class"].items()
    ]
    head = ("class", "pictures", "recognised", "of real ones", "precision", "recall", "density", "coverage")
    return (
        "Class by class, against as many training pictures of the class (– where there are too few to tell):\n\n"
        + table(head, rows)
    )
