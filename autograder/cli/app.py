"""All commands."""

import typer

from autograder.cli import grade, office

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def autograder() -> None:
    """Grade homework that was made with nbgrader: students' code in a sandbox, judged from outside."""


app.add_typer(grade.app)
app.add_typer(office.app)
