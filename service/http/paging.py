"""The query of a page: how many items at most, and the cursor that the page before told."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

MOST = 200


class PageQuery(BaseModel):
    """How many, and from where."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    limit: Annotated[int, Field(ge=1, le=MOST)] = 50
    cursor: Annotated[str | None, Field(max_length=200)] = None
