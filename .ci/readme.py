"""Print the README's first or second command block, so that CI runs what a newcomer types."""

import re
import sys
from pathlib import Path

BLOCKS = re.findall(r"```sh\n(.*?)```", Path("README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
sys.stdout.write(BLOCKS[["first", "second"].index(sys.argv[1])])
