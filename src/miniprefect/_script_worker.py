"""Run the file of a script again in one of its worker processes.

`multiprocessing` runs this module, under the name `__mp_main__`, because it is where the script's
`__main__` says it comes from (see `script.py`). The script then finds `import prefect` answered in the
worker too.
"""

import os

from miniprefect.compat import install_as_prefect
from miniprefect.script import SCRIPT_VARIABLE, execute

if __name__ == "__mp_main__":
    install_as_prefect(force=True)
    if os.environ[SCRIPT_VARIABLE]:
        __file__ = os.environ[SCRIPT_VARIABLE]
        execute(__file__, globals())
