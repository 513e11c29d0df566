"""What was measured, as tables: for the terminal and, word for word the same, for the README."""

from collections.abc import Iterator
from statistics import median
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.contenders import BASE


class Sheet(NamedTuple):
    """One table: its title, its head, its rows, all text."""

    title: str
    head: list[str]
    rows: list[list[str]]


def sheets(result: dict[str, Any]) -> Iterator[Sheet]:
    """Return the tables of one result file."""
    for measured in result.get("configurations", []):
        yield of_configuration(measured)
    if result.get("scaling"):
        yield of_scaling(result["scaling"])
    if result.get("episodes"):
        yield of_episodes(result["episodes"])
    if result.get("grading"):
        yield of_grading(result["grading"])
    if result.get("answers"):
        yield of_answers(result["answers"])


def of_configuration(measured: dict[str, Any]) -> Sheet:
    """Return one row for each contestant; who failed has the reason in place of numbers."""
    title = measured["title"]
    if measured["floor_ms"]:
        base, share = measured["rows"].get(BASE, {}).get("ms"), measured.get("of_second_order")
        least = f", {measured['floor_ms'] / base:.2f} of {BASE}" if base else ""
        order = f", {100 * share:.0f} % of second order's," if share else ""
        title += (
            f" (floor {measured['floor_ms']:.1f} ms{least}: {measured['multiply_adds'] / 1e9:.2f} G multiply-adds"
            f"{order} at the measured {measured['peak_per_s'] / 1e9:.0f} G/s)"
        )
    head = ["", "ms", "to learn2learn", "least - most", "of floor", "first, s", "peak MiB", "above start", "error"]
    rows = []
    for name, row in measured["rows"].items():
        if "ms" not in row:
            error = f"{row['error']:.0e}" if "error" in row else ""
            rows.append([name, row.get("failed", "not measured"), *[""] * 6, error])
            continue
        ratio, memory = row.get("ratio"), row.get("memory")
        rows.append(
            [
                name,
                _ms(row["ms"]),
                f"{ratio['median']:.2f}" if ratio else "",
                f"{ratio['min']:.2f} - {ratio['max']:.2f}" if ratio else "",
                f"{100 * row['of_floor']:.0f} %" if row.get("of_floor") else "",
                f"{row['first_s']:.1f}",
                f"{max(memory['peak'], memory['first_peak']) / 2**20:.0f}" if memory else "",
                f"{(memory['peak'] - memory['before']) / 2**20:.0f}" if memory else "",
                f"{row['error']:.0e}",
            ]
        )
        if "failed" in row:
            rows[-1][6] = row["failed"]
    return Sheet(title, head, rows)


def of_scaling(scaling: list[dict[str, Any]]) -> Sheet:
    """Return time against tasks or steps, and how it grows beside how the number grows."""
    rows = []
    for line in scaling:
        if "failed" in line:
            rows.append([line["name"], line["what"], line["failed"], ""])
            continue
        times = ", ".join(f"{n}: {_ms(ms)}" for n, ms in zip(line["numbers"], line["ms"], strict=True))
        growth = ", ".join(
            f"{b / a:.2f} of {m / n:g}"
            for (a, b), (n, m) in zip(
                zip(line["ms"], line["ms"][1:], strict=False),
                zip(line["numbers"], line["numbers"][1:], strict=False),
                strict=True,
            )
        )
        rows.append([line["name"], line["what"], times, growth])
    return Sheet(
        "Is the cost linear?", ["", "number of", "ms", "time grows by ... where the number grows by ..."], rows
    )


def of_episodes(episodes: list[dict[str, Any]]) -> Sheet:
    """Return tasks drawn in a second."""
    rows = []
    for line in episodes:
        if "failed" in line:
            rows.append([line["name"], line["failed"], "", ""])
        else:
            spread = f"{min(line['rounds']):.0f} - {max(line['rounds']):.0f}"
            rows.append([line["name"], f"{line['tasks_per_s']:.0f}", spread, f"{line['ratio']:.1f}"])
    return Sheet("Episodes: 5-way 1-shot, 15 query", ["", "tasks/s", "least - most", "to learn2learn"], rows)


def of_grading(grading: list[dict[str, Any]]) -> Sheet:
    """Return seconds a submission, what these are made of, and seconds to a kernel's first result."""
    rows = []
    for line in grading:
        spread = f"{min(line['seconds']):.2f} - {max(line['seconds']):.2f}"
        parts = (f"{median(line[part]):.{digits}f}" for part, digits in (("before", 1), ("each", 2), ("starts", 2)))
        rows.append([line["name"], f"{median(line['seconds']):.2f}", spread, f"{line['ratio']:.2f}", *parts])
    parts_of = ["a run before its first, s", "each one more, s", "kernel to first result, s"]
    return Sheet("Grading homework 2", ["", "s a submission", "least - most", "to nbgrader", *parts_of], rows)


def of_answers(answers: list[dict[str, Any]]) -> Sheet:
    """Return how long a reader waits for each kind of answer."""
    rows = []
    for line in answers:
        each = sorted(line["ms"])
        within = sum(ms <= 100 for ms in each) / len(each)
        spread = f"{each[0]:.0f} - {each[-1]:.0f}"
        rows.append([line["name"], _ms(median(each)), spread, f"{100 * within:.0f} %"])
    return Sheet("From a changed control to the whole answer", ["", "ms", "least - most", "within 100 ms"], rows)


def print_sheets(result: dict[str, Any], console: Console) -> None:
    """Print all tables."""
    for sheet in sheets(result):
        table = Table(title=sheet.title, title_justify="left", title_style="bold")
        for i, column in enumerate(sheet.head):
            table.add_column(column, justify="left" if i == 0 else "right", no_wrap=i == 0)
        for row in sheet.rows:
            table.add_row(*row)
        console.print(table)


def conditions(result: dict[str, Any]) -> str:
    """Return on what, how and when it was measured, in two sentences."""
    machine, used = result["machine"], result["conditions"]
    where = machine["gpu"] if used["device"] == "cuda" else machine["cpu"]
    memory = ", allocator told to keep memory" if used["keep_memory"] else ""
    peers = ", ".join(f"{name} {version}" for name, version in sorted(result.get("versions", {}).items()))
    return (
        f"{where}, {machine['cores']} cores, {used['threads']} threads{memory}; {machine['system']}, Python "
        f"{machine['python']}; {peers}; {result['data']}; metakit at {machine['commit']}; {machine['date']}. "
        f"`{result['command']}`"
    )


def markdown(result: dict[str, Any]) -> str:
    """Return the tables for the README."""
    parts = [conditions(result)]
    for sheet in sheets(result):
        lines = [f"**{sheet.title}**", "", _line(sheet.head), _line(["---", *["--:"] * (len(sheet.head) - 1)])]
        parts.append("\n".join([*lines, *map(_line, sheet.rows)]))
    return "\n\n".join(parts)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _ms(ms: float) -> str:
    return f"{ms:.1f}" if ms < 100 else f"{ms:.0f}"
