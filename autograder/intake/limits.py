"""How much a submission may hold. Every limit has a reason, and every message about one names limit and value."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True)
class IntakeLimits:
    """The limits of intake; numbers are bytes unless said otherwise.

    Attributes:
        archive_bytes: The file as handed in. Learning platforms stop at 100-250 MB.
        total_bytes: Everything unpacked, in memory at once: a few trained models fit, a dataset does not.
        file_bytes: One unpacked file; the weights of a small network take about 5 MB.
        source_bytes: All `.py` files together. A year of a student's code is 1 MB.
        text_bytes: One `.py` file, or the code of one notebook. Longer ones hold data, not code.
            The syntax tree of 500 kB takes up to 330 MB.
        notebook_bytes: One `.ipynb`; pictures in the outputs make them large.
        parsed_bytes: Python text that is parsed here (5 s per MB at worst). `.py` files beyond it are not checked
            for syntax here, the sandbox does that; notebook cells beyond it are left out with a note.
        magic_work: Lines with magics times the size of their cell, summed: IPython reads the cell again for each
            magic, at about 100 kB/s. A usual notebook needs 50 kB.
        files: Files that are kept. Assignments have 10 to 50.
        members: Files listed at all, before virtual environments and the like are dropped (torch alone: 15,000).
        directory_bytes: The table of contents of a zip.
        ratio: Unpacked size over packed size of a member, looked at above `ratio_from`. Text reaches 20.
        ratio_from: Below this size even zeros are harmless.
        depth: Folders within folders.
        name_bytes: One part of a path in UTF-8; Linux cannot store longer ones.
        path_bytes: A whole path in UTF-8; Linux takes 4,096 together with the sandbox's own folders.
        cells: Code cells of one notebook.
        json_items: Lists and objects in a notebook; each costs about 64 bytes of memory.
        json_commas: Commas in a notebook: the number of values, each about 50 bytes of memory.
        notes_per_file: Notes about one file, so that a report stays readable.
    """

    archive_bytes: int = 250 * MB
    total_bytes: int = 200 * MB
    file_bytes: int = 100 * MB
    source_bytes: int = 20 * MB
    text_bytes: int = 500_000
    notebook_bytes: int = 50 * MB
    parsed_bytes: int = 2 * MB
    magic_work: int = 600_000
    files: int = 2_000
    members: int = 50_000
    directory_bytes: int = 16 * MB
    ratio: int = 250
    ratio_from: int = 20 * MB
    depth: int = 20
    name_bytes: int = 255
    path_bytes: int = 1_000
    cells: int = 5_000
    json_items: int = 1_000_000
    json_commas: int = 5_000_000
    notes_per_file: int = 30


DEFAULT = IntakeLimits()
