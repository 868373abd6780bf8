"""Pictures as frozen records: what the trusted process measured and drew, and what a submission brought along, redrawn."""

from __future__ import annotations

from pydantic import Field

from autograder.handed_in import Record


class Curve(Record):
    """One line of a training plot: `values[i]` belongs to epoch `i + 1`; `title` is its name in words, where that says more."""

    name: str
    title: str = ""
    unit: str
    values: tuple[float, ...]


class Grid(Record):
    """Grey pictures of one size in rows, made by the trusted process.

    Attributes:
        title: What they are, in words.
        columns: How many stand in a row.
        width, height: Of one picture, in dots.
        levels: Base64 of one byte a dot (0 is black), picture by picture, row by row.
    """

    title: str
    columns: int = Field(gt=0, le=50)
    width: int = Field(gt=0, le=256)
    height: int = Field(gt=0, le=256)
    levels: str = Field(max_length=400_000)


class Scatter(Record):
    """Points in the plane, made by the trusted process; `classes[i]` is the class of point i, from 0 to 9."""

    title: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    classes: tuple[int, ...]


class Layer(Record):
    """A function over a plane, to be shown by its contours.

    Attributes:
        label: What it is, in words.
        values: Its logarithm, less that of its largest value, -1000 at least: `values[i][j]` belongs to `y[i]` and `x[j]`.
    """

    label: str
    values: tuple[tuple[float, ...], ...]


class Contours(Record):
    """Densities on the same axes, made by the trusted process; contours are drawn where a Gaussian has its first three deviations.

    Attributes:
        title: What they are, in words.
        x_label, y_label: What the axes are.
        x, y: The points at which the layers are known, increasing.
        layers: At most three, of one shape.
    """

    title: str
    x_label: str
    y_label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    layers: tuple[Layer, ...]


class Drawing(Record):
    """What the grader drew with a submission's functions for a task that a person grades.

    Attributes:
        task: Id of that task.
        why_not: Why nothing could be drawn, in a sentence that a student understands; "" where it could.
    """

    task: str
    grids: tuple[Grid, ...] = ()
    scatters: tuple[Scatter, ...] = ()
    contours: tuple[Contours, ...] = ()
    curves: tuple[Curve, ...] = ()
    why_not: str = ""


class Picture(Record):
    """A picture of the submission, read in a sandbox and encoded anew by the grader.

    Attributes:
        path: The file; that of a notebook with the cell in brackets.
        encoded: Base64 of a PNG that the trusted process made of dots; "" where it could not be read.
        why_not: Why it is not shown, as the end of a sentence; "" where it is.
    """

    path: str
    encoded: str = Field(default="", max_length=600_000)
    why_not: str = ""


class TrainingRecord(Record):
    """What is known about one training run, measured by the trusted process unless said otherwise.

    Attributes:
        dataset, dataset_title: The name of the data set, and what a reader is told; the name itself where nothing is said.
        world: How the examples look in this grading, in words; "" where nothing is to be said.
        examples: What one of them is called, in the plural.
        classes: What the classes of `confusion` are called, in the plural.
        metrics: Named figures, `{"test_accuracy": 0.9812}`.
        titles: Figures in words, by name, where these are not those of the name itself.
        thresholds: What each figure had to reach.
        curves: The student's own history, as reported by the submission.
        confusion: Rows are true classes, columns predicted ones.
        grids, scatters: Pictures of what the model does.
        remarks: What stands out in all this, a sentence each.
    """

    task: str
    dataset: str
    dataset_title: str = ""
    world: str = ""
    examples: str = "examples"
    classes: str = "classes"
    device: str
    n_train: int
    n_validation: int
    n_test: int
    epochs: int
    metrics: dict[str, float]
    thresholds: dict[str, float]
    titles: dict[str, str] = Field(default_factory=dict)
    curves: tuple[Curve, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    grids: tuple[Grid, ...] = ()
    scatters: tuple[Scatter, ...] = ()
    remarks: tuple[str, ...] = ()
