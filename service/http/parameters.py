"""Parameters that many routes share: the caller, If-Match, Idempotency-Key, the media type, ids in a path, paging."""

import hashlib
import re
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Path
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from service.database.idempotency import IdempotencyKey
from service.http.strict_route import StrictRequest, require_caller
from service.identity.caller import Caller

MAX_PAGE_SIZE = 200
#: A version in If-Match, as in the ETag of a GET. A proxy that compresses weakens the tag (nginx: `W/"3"`) or adds
#: the name of its encoding (Apache: `"3-gzip"`). The version stays the same, since every step makes a new one.
VERSION_TAG = re.compile(r'^(?:W/)?"([0-9]{1,9})(?:-{1,2}(?:gzip|deflate|br|zstd))?"$')


class QueryKeys(BaseModel):
    """Base class of the query keys of a route, in camel case. Unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class PageQuery(QueryKeys):
    """Maximum number of items on a page, and the cursor that the previous page returned."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE)] = 50
    cursor: Annotated[str | None, Field(max_length=200)] = None


class WholeOrPageQuery(QueryKeys):
    """A page of a list that was always answered whole: all of it when both `limit` and `cursor` are left out."""

    limit: Annotated[int | None, Field(ge=1, le=MAX_PAGE_SIZE)] = Field(
        default=None,
        description="Maximum number of items on a page. Without `limit` and `cursor` the answer has every item: ask "
        "pages of a list that may be long.",
    )
    cursor: Annotated[str | None, Field(max_length=200)] = None

    @property
    def size(self) -> int | None:
        """The maximum number of items; None for all."""
        return self.limit or (None if self.cursor is None else MAX_PAGE_SIZE)


async def _version(
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            pattern=VERSION_TAG.pattern,
            description="The version that you decided on: the ETag of your last read. A weak one means the same.",
            examples=['"3"'],
        ),
    ] = None,
) -> int | None:
    """Returns the version in If-Match, None without that header."""
    return version_in(if_match)


def version_in(if_match: str | None) -> int | None:
    """Returns the version that a value of If-Match means; None for none and for a value that means none."""
    match = VERSION_TAG.fullmatch(if_match or "")
    return int(match[1]) if match else None


async def _idempotency_key(
    request: StrictRequest,
    key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            pattern=r"^[\x21-\x7e]{1,200}$",
            description="Your own key of this request. A request that is sent again with the same key is carried out "
            "once and gets the same answer. If you took a step and may no longer see its part, the answer has only "
            "`caseId` and `version`. For requests outside cases you still need the role.",
            examples=["d1f4a7c2-66f0-4a8e-9a53-1c1b0b6f6a11"],
        ),
    ],
) -> IdempotencyKey:
    """Returns the Idempotency-Key with a text of its request: method, path, If-Match and digest of the body."""
    body = request.parsed_body.canonical if request.parsed_body else ""
    version = version_in(request.headers.get("if-match"))
    if_match = "" if version is None else f'"{version}"'
    digest = hashlib.sha256(body.encode()).hexdigest()
    return IdempotencyKey(key, "\n".join((request.method, request.scope["path"], if_match, digest)))


async def _media_type(request: StrictRequest) -> str:
    return request.media_type


CallerDependency = Annotated[Caller, Depends(require_caller)]
MediaTypeDependency = Annotated[str, Depends(_media_type)]
IfMatchVersion = Annotated[int | None, Depends(_version)]
IdempotencyKeyHeader = Annotated[IdempotencyKey, Depends(_idempotency_key)]
CaseId = Annotated[UUID, Path(alias="caseId")]
PartId = Annotated[UUID, Path(alias="partId")]
