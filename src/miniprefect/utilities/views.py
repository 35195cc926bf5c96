"""What flows and states look like: asked for where they are defined, and drawn in a layer above.

`miniprefect.pictures.views` fills this table when somebody first looks. So nothing imports upward, and scripts that
look at no picture load nothing of it.
"""

from miniprefect.utilities.lazy import FilledLater

VIEWS = FilledLater("miniprefect.pictures.views")
