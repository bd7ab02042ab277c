"""Run a study and leave, in the folder `figures` of where it runs, what the texts of its figures are and what is wrong with them."""

import json
import runpy
import sys
from pathlib import Path

from figure_checks import drawn_texts, problems
from matplotlib.figure import Figure

save = Figure.savefig


def checked(self, file, **options):
    save(self, file, **options)
    placed = [[*map(float, text.get_position()), text.get_text()] for ax in self.axes for text in ax.texts]
    report = {"problems": problems(self), "texts": [text.get_text() for text in drawn_texts(self)], "placed": placed}
    folder = Path("figures")
    folder.mkdir(exist_ok=True)
    (folder / Path(file).with_suffix(".json").name).write_text(json.dumps(report))


if __name__ == "__main__":
    Figure.savefig = checked
    sys.argv = sys.argv[1:]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
