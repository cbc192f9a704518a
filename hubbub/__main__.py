"""`python -m hubbub`: the same as the installed `hubbub`, from a checkout in the environment that it sets up."""

import sys
from pathlib import Path

if __name__ == "__main__":
    if (Path(__file__).parents[1] / "bootstrap.py").is_file():
        import bootstrap

        bootstrap.enter()
    from hubbub.cli import main

    sys.exit(main())
