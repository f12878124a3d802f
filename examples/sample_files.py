"""Writes sample files into a folder: `python examples/sample_files.py FOLDER`."""

import sys
from pathlib import Path

from satchel.cli.demo.samples import make_samples

if __name__ == "__main__":
    for name, path in make_samples(Path(sys.argv[1] if len(sys.argv) > 1 else "samples")).items():
        print(f"{path.stat().st_size:>8} {name}")
