"""FakeOpenMetadata: the part of OpenMetadata's REST API an ingestion of topics meets, with the server's own rules.

Sources, named in the docstrings: [schema] the JSON schemas 1.13 in ../shared/openmetadata-schemas; [seen] a real server
of the 1.6 line; [server] the Java source (TopicResource, TopicRepository, EntityRepository.EntityUpdater, ListFilter,
FullyQualifiedName, IngestionPipelineRepository); [#n] an issue or pull request of open-metadata/OpenMetadata; [ours]
stricter than the server on purpose.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote
from uuid import UUID, uuid5

from tests.fakes.server import (
    Call,
    FakeServer,
    Faults,
    Recorded,
    Refused,
    Reply,
    arguments,
    html_reply,
    json_reply,
    seal,
    serve,
    unseal,
)

if TYPE_CHECKING:
    from jsonschema import Draft7Validator
    from referencing import Resource

Entity = dict[str, Any]

BOT: Final = "bot-token"
USER: Final = "user-token"
MASK: Final = "*********"

SCHEMAS: Final = Path(__file__).resolve().parents[3] / "shared" / "openmetadata-schemas"
CREATE_TOPIC: Final = "api/data/createTopic.json"
CREATE_SERVICE: Final = "api/services/createMessagingService.json"
CREATE_PIPELINE: Final = "api/services/ingestionPipelines/createIngestionPipeline.json"
PIPELINE_STATUS: Final = "entity/services/ingestionPipelines/ingestionPipeline.json#/definitions/pipelineStatus"
SAMPLE_DATA: Final = "entity/data/topic.json#/definitions/topicSampleData"
TOPIC: Final = "entity/data/topic.json"
PIPELINE: Final = "entity/services/ingestionPipelines/ingestionPipeline.json"
SERVICE: Final = "entity/services/messagingService.json"
CREATE_PIPELINE_SERVICE: Final = "api/services/createPipelineService.json"
CREATE_DATA_PIPELINE: Final = "api/data/createPipeline.json"
CREATE_CLASSIFICATION: Final = "api/classification/createClassification.json"
CREATE_TAG: Final = "api/classification/createTag.json"
ADD_LINEAGE: Final = "api/lineage/addLineage.json"
DATA_PIPELINE: Final = "entity/data/pipeline.json"

# The keys of each body, so that unknown ones are refused where the schemas are not at hand.
KEYS: Final[Mapping[str, tuple[str, str]]] = {
    CREATE_TOPIC: (
        "name service partitions",
        "displayName description messageSchema cleanupPolicies replicationFactor retentionTime maximumMessageSize "
        "minimumInSyncReplicas retentionSize topicConfig owners tags extension sourceUrl domains dataProducts "
        "lifeCycle sourceHash",
    ),
    CREATE_SERVICE: (
        "name serviceType",
        "displayName description connection tags owners dataProducts domains ingestionRunner",
    ),
    CREATE_PIPELINE: (
        "name service pipelineType sourceConfig airflowConfig",
        "displayName description loggerLevel raiseOnError owners provider domains processingEngine "
        "enableStreamableLogs",
    ),
    PIPELINE_STATUS: ("runId", "pipelineState startDate timestamp endDate status config metadata"),
    SAMPLE_DATA: ("messages", ""),
    CREATE_PIPELINE_SERVICE: (
        "name serviceType",
        "displayName description connection tags owners scheduleInterval dataProducts domains lifeCycle "
        "ingestionRunner",
    ),
    CREATE_DATA_PIPELINE: (
        "name service",
        "displayName description dataProducts sourceUrl concurrency pipelineLocation startDate tasks state tags owners "
        "extension scheduleInterval domains lifeCycle sourceHash",
    ),
    CREATE_CLASSIFICATION: (
        "name description",
        "displayName provider mutuallyExclusive domains owners reviewers autoClassificationConfig",
    ),
    CREATE_TAG: (
        "name description",
        "classification parent displayName style associatedTags provider mutuallyExclusive domains owners reviewers "
        "recognizers autoClassificationEnabled autoClassificationPriority",
    ),
    ADD_LINEAGE: ("edge", ""),
    DATA_PIPELINE: (
        "id name service",
        "displayName fullyQualifiedName description dataProducts dataContract version updatedAt updatedBy "
        "impersonatedBy sourceUrl concurrency pipelineLocation startDate endDate tasks pipelineStatus state followers "
        "tags href owners serviceType usageSummary changeDescription incrementalChangeDescription deleted extension "
        "scheduleInterval domains votes lifeCycle certification sourceHash entityStatus",
    ),
    TOPIC: (
        "id name partitions service",
        "fullyQualifiedName displayName description version updatedAt updatedBy impersonatedBy serviceType "
        "messageSchema cleanupPolicies retentionTime replicationFactor maximumMessageSize minimumInSyncReplicas "
        "retentionSize topicConfig sampleData owners followers tags href changeDescription "
        "incrementalChangeDescription deleted extension sourceUrl domains dataProducts dataContract votes lifeCycle "
        "certification sourceHash entityStatus",
    ),
    PIPELINE: (
        "id name pipelineType sourceConfig airflowConfig",
        "displayName description owners fullyQualifiedName openMetadataServerConnection service pipelineStatuses "
        "loggerLevel raiseOnError deployed enabled enableStreamableLogs href version updatedAt updatedBy "
        "changeDescription deleted followers provider domains applicationType ingestionRunner processingEngine",
    ),
    SERVICE: (
        "id name serviceType",
        "fullyQualifiedName description displayName connection pipelines testConnectionResult tags version updatedAt "
        "updatedBy impersonatedBy owners href changeDescription incrementalChangeDescription deleted entityStatus "
        "dataProducts dataContract domains followers ingestionRunner",
    ),
}

ON_REQUEST: Final = frozenset(
    {
        "owners",
        "followers",
        "tags",
        "extension",
        "domain",
        "domains",
        "dataProducts",
        "sourceHash",
        "votes",
        "lifeCycle",
    }
)
COMMON_OPERATIONS: Final = (
    *("Create", "Delete", "ViewAll", "ViewBasic", "EditAll", "EditCustomFields"),
    *("EditDescription", "EditDisplayName", "EditOwners", "EditTags"),
)
OPERATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "messagingService": (),
    "topic": ("ViewSampleData", "EditSampleData"),
    "ingestionPipeline": ("EditIngestionPipelineStatus", "Deploy", "Trigger", "Kill"),
}
READ_ONLY: Final = frozenset(
    {"id", "name", "fullyQualifiedName", "service", "serviceType", "version", "updatedAt", "updatedBy", "href"}
)
Release = tuple[int, int]
# What a bot's PUT leaves alone when it is not empty, from which release on: 1.6 [seen], 1.13 (before #32955), 2.0
# [#28155].
BOT_KEEPS: Final[Mapping[Release, frozenset[str]]] = {
    (0, 0): frozenset({"description", "displayName"}),
    (1, 7): frozenset({"description"}),
    (2, 0): frozenset({"description", "displayName", "owners"}),
}
# Fields and a state that an older server does not know, with the first release that has them in its schemas [schema]: a
# body with one is a 400 [seen].
SINCE: Final[Mapping[str, Release]] = {"domains": (1, 9), "raiseOnError": (1, 8)}
# Of a pipeline [seen: 1.6 has none of them].
PIPELINE_STATE_SINCE: Final[Release] = (1, 7)
FIREHOSE_SINCE: Final[Release] = (1, 13)
LONGEST_LABEL: Final = 256
# What can only be looked at here: kind, path. Made by `add_entity`.
LOOKED_AT: Final[Mapping[str, str]] = {
    "databaseService": "/services/databaseServices",
    "storageService": "/services/storageServices",
    "searchService": "/services/searchServices",
    "table": "/tables",
    "container": "/containers",
    "searchIndex": "/searchIndexes",
    "domain": "/domains",
    "user": "/users",
    "team": "/teams",
}
STOPPED_SINCE: Final[Release] = (1, 13)
NUL_IS_TAKEN_UNTIL: Final[Release] = (1, 6)
ESCAPES_FIELD_NAMES_SINCE: Final[Release] = (2, 0)
SESSION_MS: Final = 10 * 60 * 1000


# --- names ------------------------------------------------------------------------------------------------------


def fqn(*names: str) -> str:
    """Joins names, each quoted if it holds a dot [server: FullyQualifiedName.build]."""
    return ".".join(f'"{name}"' if "." in name else name for name in names)


def _parts(name: str) -> list[str]:
    """The names of an FQN; a needless quote is no difference, a missing one makes two names of one."""
    if not re.fullmatch(r'("[^"]+"|[^."]+)(\.("[^"]+"|[^."]+))*', name):
        raise Refused(error(400, f"Invalid fully qualified name {name}"))
    return [part.strip('"') for part in re.findall(r'"[^"]+"|[^."]+', name)]


def _canonical(name: str) -> str:
    return fqn(*_parts(name))


def _checked_name(name: object) -> str:
    """Refuses what an FQN could not carry; clients rewrite it (`__reserved__colon__`) [schema].

    The schema rules out `::` and line ends, the server's quoteName `"`; `>` and a tab are taken [seen].
    """
    if not isinstance(name, str) or not 1 <= len(name) <= 256:
        raise Refused(error(400, "[query param name size must be between 1 and 256]"))
    if re.search(r'::|["\n\r]', name):
        raise Refused(error(400, f"[query param name must match entityName: {name!r}]"))
    return name


# --- bodies -----------------------------------------------------------------------------------------------------


def error(code: int, message: str) -> Reply:
    """The text of a 500 is not in `message` [seen]."""
    return json_reply(code, {"code": code, "message" if code < 500 else "responseMessage": message})


@cache
def _validator(schema: str) -> Draft7Validator | None:
    """A validator for `file#pointer`, made once per process; None where the schemas are not at hand."""
    if not SCHEMAS.is_dir():
        return None
    from jsonschema import Draft7Validator
    from referencing import Registry

    registry: Registry[Any] = Registry(retrieve=_resource)  # type: ignore[call-arg] # an attrs alias mypy misses
    return Draft7Validator(
        {"$ref": f"http://schemas/{schema}"}, registry=registry, format_checker=Draft7Validator.FORMAT_CHECKER
    )


@cache
def _resource(uri: str) -> Resource[Any]:
    """A schema by its path, whatever its `$id` says: some name another place. One we were not given allows anything."""
    from referencing.jsonschema import DRAFT7

    file = SCHEMAS / uri.removeprefix("http://schemas/")
    contents = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return DRAFT7.create_resource({key: value for key, value in contents.items() if key != "$id"})


def _complaint(schema: str, body: object, release: Release) -> str:
    """Why the server would answer 400 to this body, or nothing."""
    if not isinstance(body, dict):
        return "Unable to process JSON"
    required, optional = (set(words.split()) for words in KEYS[schema])
    newer = {name for name, since in SINCE.items() if release < since}
    if "domains" in newer:
        body = {key: value for key, value in body.items() if key != "domain"}
    if unknown := (body.keys() - required - optional) | (body.keys() & newer):
        return f'Unrecognized field "{min(unknown)}", not marked as ignorable'
    if missing := required - body.keys():
        return f"[query param {min(missing)} must not be null]"
    partitions = body.get("partitions", 1)
    if isinstance(partitions, bool) or not isinstance(partitions, int) or partitions < 1:
        return "[query param partitions must be greater than or equal to 1]"
    if body.get("serviceType") == "KinesisFirehose" and release < FIREHOSE_SINCE:
        return "serviceType: KinesisFirehose is not one of Airflow, CustomPipeline"
    if schema == CREATE_DATA_PIPELINE and "state" in body and release < PIPELINE_STATE_SINCE:
        return 'Unrecognized field "state", not marked as ignorable'
    if body.get("pipelineState") == "stopped" and release < STOPPED_SINCE:
        return "pipelineState: stopped is not one of queued, success, failed, running, partialSuccess"
    return _schema_complaint(schema, body)


def _schema_complaint(schema: str, body: object) -> str:
    from jsonschema.exceptions import best_match

    validator = _validator(schema)
    problem = validator and best_match(validator.iter_errors(body))
    return f"{problem.json_path}: {problem.message}" if problem else ""


def _unstorable(body: object, release: Release) -> str:
    """What PostgreSQL's jsonb refuses, as an HTTP 500: NUL [#30955, #31120]; 1.6 took it, and half a pair [seen]."""
    text = json.dumps(body, ensure_ascii=False)
    if release > NUL_IS_TAKEN_UNTIL and r"\u0000" in text.replace(r"\\", ""):
        return "ERROR: unsupported Unicode escape sequence. Detail: \\u0000 cannot be converted to text."
    return ""


# --- the fields of a message schema -----------------------------------------------------------------------------


def _fields_of(entity: Entity) -> list[Entity]:
    return (entity.get("messageSchema") or {}).get("schemaFields") or []


def _levels(fields: list[Entity]) -> Iterator[list[Entity]]:
    """The fields themselves, and below them those of each one's children: a list for each parent."""
    yield fields
    for field in fields:
        yield from _levels(field.get("children") or [])


def _check_field_names(fields: list[Entity]) -> None:
    """What cannot be a part of an FQN at all [seen]."""
    for name in (str(field.get("name", "")) for level in _levels(fields) for field in level):
        if "\0" in name:
            raise Refused(error(500, "ERROR: invalid byte sequence for encoding UTF8: 0x00"))
        if not 1 <= len(name) <= 128 or re.search(r'["\n\r]', name):
            raise Refused(error(400, f"Invalid name {name}"))


def _unbuildable(fields: list[Entity], above: tuple[str, ...] = ()) -> str:
    """The first nested name that is quoted, and so refused where a longer one is built of it [server: getSchemaField].

    A leaf at the top may hold a dot.
    """
    for field in fields:
        path = (*above, str(field["name"]))
        if len(path) > 1 and any("." in name for name in path):
            return fqn(*path)
        if found := _unbuildable(field.get("children") or [], path):
            return found
    return ""


def _has_twins(fields: list[Entity]) -> bool:
    return any(len(level) > len({field["name"] for field in level}) for level in _levels(fields))


def _loses_a_field(old: list[Entity], new: list[Entity]) -> bool:
    """By name and type; the fields of one that has none in either are not compared [server: updateSchemaFields]."""
    found = {(field["name"], field.get("dataType")): field for field in new}
    kept = [(field, found.get((field["name"], field.get("dataType")))) for field in old]
    return any(
        then is None or (then.get("children") and _loses_a_field(now.get("children") or [], then["children"]))
        for now, then in kept
    )


# --- JSON Patch -------------------------------------------------------------------------------------------------


def patched(document: Entity, operations: object) -> Entity:
    """RFC 6902 with add, remove, replace and test; ValueError for everything that cannot be done."""
    if not isinstance(operations, list):
        raise ValueError("a JSON Patch is a list")
    result = deepcopy(document)
    for operation in operations:
        _apply(result, operation)
    return result


def _apply(document: Entity, operation: Entity) -> None:
    kind, path = operation["op"], str(operation["path"])
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
    holder: Any = document
    for part in parents:
        holder = holder[_step(holder, part)]
    if kind == "add":
        _add(holder, last, operation["value"])
    elif kind == "replace":
        holder[_present(holder, last)] = operation["value"]
    elif kind == "remove":
        del holder[_present(holder, last)]
    elif kind != "test" or holder[_present(holder, last)] != operation["value"]:
        raise ValueError(f"{kind} of {path} failed")


def _step(holder: Any, part: str) -> Any:
    return int(part) if isinstance(holder, list) else part


def _add(holder: Any, last: str, value: object) -> None:
    if isinstance(holder, list):
        holder.insert(len(holder) if last == "-" else int(last), value)
    else:
        holder[last] = value


def _present(holder: Any, last: str) -> Any:
    step = _step(holder, last)
    holder[step]
    return step


# --- entities ---------------------------------------------------------------------------------------------------


def _now() -> int:
    return int(time.time() * 1000)


def _reference(kind: str, name: str) -> Entity:
    return {"id": str(uuid5(UUID(int=0), f"{kind} {name}")), "type": kind, "fullyQualifiedName": name}


def _with_references(sent: Entity) -> Entity:
    """Domains and data products are sent as names and kept as references [schema]; what is sent is nobody's heir."""
    kinds = {"domains": "domain", "dataProducts": "dataProduct"}
    named: Entity = {key: [_reference(kinds[key], name) for name in sent[key]] for key in kinds.keys() & sent.keys()}
    if "domain" in sent:
        named["domain"] = _reference("domain", sent["domain"])
    if "owners" in sent:
        named["owners"] = [{key: owner[key] for key in owner if key != "inherited"} for owner in sent["owners"]]
    return {**sent, **named}


def merged_by_put(old: Entity, sent: Entity, keys: Container[str], *, bot: bool, bot_keeps: Iterable[str]) -> Entity:
    """What a PUT leaves behind [server: EntityUpdater.updateInternal].

    Fields of the body replace what was there and clear it when absent. But tags are merged; owners, domains, extension
    and lifeCycle survive a PUT without them; and a bot changes neither a non-empty field of `bot_keeps` nor domains
    nor extension. A PUT restores what was soft-deleted.
    """
    kept = {key for key in ("owners", "domains", "extension", "lifeCycle") if not sent.get(key)}
    if bot:
        kept |= {"extension"} | {key for key in {*bot_keeps, "domains"} if old.get(key)}
    return {
        **{key: value for key, value in old.items() if key not in keys or key in kept},
        "dataProducts": [],
        **{key: value for key, value in sent.items() if key not in kept},
        "tags": _merged_tags(old.get("tags") or [], sent.get("tags") or []),
        "deleted": False,
    }


def _merged_tags(old: list[Entity], sent: list[Entity]) -> list[Entity]:
    return list({tag["tagFQN"]: tag for tag in [*old, *sent]}.values())


@dataclass(frozen=True)
class Collection:
    """One kind of entity: how it is named in messages and paths, its schemas, and all there are of it by FQN."""

    kind: str
    path: str
    create: str
    schema: str
    entities: dict[str, Entity]
    ignores_case: bool = False

    def find(self, name: str, request: Recorded) -> Entity:
        """By quoted name; a soft-deleted one only with include=all or deleted [server]."""
        name = _canonical(name)
        found = self.entities.get(name.lower() if self.ignores_case else name)
        return self._seen(found, name, _include(request))

    def by_id(self, id_: str, include: str = "non-deleted") -> Entity:
        found = next((each for each in self.entities.values() if each["id"] == id_), None)
        return self._seen(found, id_, include)

    def _seen(self, found: Entity | None, wanted: str, include: str) -> Entity:
        if found is None or not _included(found, include):
            raise Refused(error(404, f"{self.kind} instance for {wanted} not found"))
        return found


@dataclass(frozen=True)
class _Route:
    method: str
    template: str
    handler: Callable[..., Reply]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\{\w+\}", "([^/]+)", self.template))


class FakeOpenMetadata(FakeServer):
    """`with FakeOpenMetadata() as catalogue:` serves `catalogue.host_port`.

    bots, users: the accepted tokens, of ingestion bots and of people; change them at any time. version: what
    /system/version says and how the server behaves ("1.6.0" is the one that was [seen]). profiler: the
    profilerConfiguration, None for a server that has none set (204). bot_may_not_patch: fields the ingestion bot's
    policy denies in a PATCH [#28676]. max_page: the largest `limit` (the server's own bound is 1 000 000, which is no
    page) [ours].

    services, topics, pipelines: FQN -> entity, topics with `deleted` and `sampleData`; history: id -> the versions
    before; statuses: pipeline FQN -> run id -> status. requests: all that arrived; invalid_bodies: (request, why) of
    every 400 for its body. forbidden: globs of "METHOD /path" answered with 403. access: what /permissions says other
    than `allow`, by (resource, operation); nothing is refused for it. now: the clock, in ms. Ids are the same in every
    run, so that a seed of faults replays.
    """

    root = "/api/v1"

    def __init__(
        self,
        *,
        bots: Iterable[str] = (BOT,),
        users: Iterable[str] = (USER,),
        version: str = "1.13.0",
        profiler: Entity | None = None,
        bot_may_not_patch: Iterable[str] = ("displayName",),
        max_page: int = 1000,
        validate: bool = True,
        faults: Faults | None = None,
        latency: float = 0.0,
        port: int = 0,
        record: bool = True,
    ) -> None:
        super().__init__(faults=faults, latency=latency, port=port, record=record)
        self.bots, self.users, self.expired = set(bots), set(users), set[str]()
        self.forbidden: list[str] = []
        self.access: dict[tuple[str, str], str] = {}
        self.version = version
        self.profiler = profiler
        self.now: Callable[[], int] = _now
        self.bot_may_not_patch = set(bot_may_not_patch)
        self.max_page = max_page
        self.validate = validate
        self.services: dict[str, Entity] = {}
        self.topics: dict[str, Entity] = {}
        self.pipelines: dict[str, Entity] = {}
        self.history: dict[str, list[Entity]] = {}
        self.statuses: dict[str, dict[str, Entity]] = {}
        self.invalid_bodies: list[tuple[Recorded, str]] = []
        self.pipeline_services: dict[str, Entity] = {}
        self.data_pipelines: dict[str, Entity] = {}
        self.classifications: dict[str, Entity] = {}
        self.tags: dict[str, Entity] = {}
        self.others: dict[str, dict[str, Entity]] = {kind: {} for kind in LOOKED_AT}
        self.edges: dict[tuple[str, str], Entity] = {}
        self._looked_at = {
            kind: Collection(kind, path, "", "", self.others[kind], ignores_case=kind == "user")  # [seen]
            for kind, path in LOOKED_AT.items()
        }
        self._pipeline_services = Collection(
            "pipelineService", "/services/pipelineServices", CREATE_PIPELINE_SERVICE, "", self.pipeline_services
        )
        self._data_pipelines = Collection(
            "pipeline", "/pipelines", CREATE_DATA_PIPELINE, DATA_PIPELINE, self.data_pipelines
        )
        self._classifications = Collection(
            "classification", "/classifications", CREATE_CLASSIFICATION, "", self.classifications
        )
        self._tags = Collection("tag", "/tags", CREATE_TAG, "", self.tags)
        self._services = Collection(
            "messagingService", "/services/messagingServices", CREATE_SERVICE, SERVICE, self.services
        )
        self._topics = Collection("topic", "/topics", CREATE_TOPIC, TOPIC, self.topics)
        self._pipelines = Collection(
            "ingestionPipeline", "/services/ingestionPipelines", CREATE_PIPELINE, PIPELINE, self.pipelines
        )
        self._routes = self._all_routes()

    def _all_routes(self) -> list[_Route]:
        services, topics, pipelines = self._services, self._topics, self._pipelines
        return [
            _Route("GET", "/system/version", self._get_version),
            _Route("GET", "/system/settings/profilerConfiguration", self._get_profiler),
            _Route("GET", "/permissions/{resource}", self._get_permissions),
            _Route("PUT", services.path, self._put_service),
            *self._common_routes(services),
            _Route("PATCH", f"{services.path}/{{id}}", partial(self._patch, services)),
            _Route("PUT", topics.path, self._put_topic),
            *self._common_routes(topics),
            _Route("PATCH", f"{topics.path}/{{id}}", partial(self._patch, topics)),
            _Route("DELETE", f"{topics.path}/{{id}}", partial(self._delete, topics)),
            _Route("PUT", f"{topics.path}/{{id}}/sampleData", self._put_sample),
            _Route("GET", f"{topics.path}/{{id}}/sampleData", self._get_sample),
            _Route("PUT", pipelines.path, self._put_pipeline),
            *self._common_routes(pipelines),
            _Route("PUT", f"{pipelines.path}/{{fqn}}/pipelineStatus", self._put_status),
            _Route("GET", f"{pipelines.path}/{{fqn}}/pipelineStatus", self._list_statuses),
            _Route("GET", f"{pipelines.path}/{{fqn}}/pipelineStatus/{{runId}}", self._get_status),
            *self._flow_routes(),
        ]

    def _flow_routes(self) -> list[_Route]:
        path, edge = self._data_pipelines.path, "{fromEntity}/{fromId}/{toEntity}/{toId}"
        made = (self._pipeline_services, self._data_pipelines, self._classifications, self._tags)
        return [
            *(route for each in (*made, *self._looked_at.values()) for route in self._common_routes(each)),
            _Route("PUT", self._pipeline_services.path, self._put_pipeline_service),
            _Route("PUT", path, self._put_data_pipeline),
            _Route("DELETE", f"{path}/{{id}}", partial(self._delete, self._data_pipelines)),
            _Route("PUT", self._classifications.path, self._put_classification),
            _Route("PUT", self._tags.path, self._put_tag),
            _Route("PUT", "/lineage", self._put_edge),
            _Route("GET", "/lineage/getLineageEdge/{fromId}/{toId}", self._get_edge),
            _Route("GET", "/lineage/{entity}/{id}", self._get_lineage),
            _Route("DELETE", f"/lineage/{edge}", self._delete_edge),
        ]

    def _common_routes(self, collection: Collection) -> list[_Route]:
        return [
            _Route("GET", collection.path, partial(self._list, collection)),
            _Route("GET", f"{collection.path}/name/{{fqn}}", partial(self._get_by_name, collection)),
            _Route("GET", f"{collection.path}/{{id}}", partial(self._get_by_id, collection)),
        ]

    # --- for tests

    @property
    def release(self) -> Release:
        major, minor, *_ = self.version.split(".")
        return int(major), int(minor)

    @property
    def host_port(self) -> str:
        """What goes into openMetadataServerConfig.hostPort."""
        return f"{self.url}/api"

    def calls(self, method: str = "*", path: str = "*") -> list[Recorded]:
        """The requests so far whose method and path (below /api/v1) match these globs, in order of arrival."""
        sent = list(self.requests)
        return [each for each in sent if fnmatchcase(each.method, method) and fnmatchcase(each.path, path)]

    def topic(self, service: str, name: str) -> Entity:
        """The topic of these two plain names; KeyError if there is none."""
        return self.topics[fqn(service, name)]

    def versions(self, service: str, name: str) -> list[float]:
        """All versions of a topic that the server can still show, the newest last."""
        current = self.topic(service, name)
        return [each["version"] for each in [*self.history.get(current["id"], []), current]]

    def add_service(self, name: str, **fields: Any) -> Entity:
        """A service as if somebody had created it, or the one there is."""
        with self.lock:
            if fqn(name) not in self.services:
                self.services[fqn(name)] = self._new(
                    self._services, fqn(name), {"name": name, "serviceType": "Kinesis", **fields}
                )
            return self.services[fqn(name)]

    def add_topic(self, service: str, name: str, *, sample: list[str] | None = None, **fields: Any) -> Entity:
        """A topic as if somebody had created it, with its service if need be; `deleted=True` for a soft-deleted one."""
        with self.lock:
            sent = {"name": name, "partitions": 1, **fields}
            made = self._new_topic(self.add_service(service), sent)
            made["sampleData"] = None if sample is None else {"messages": sample}
            return self.topics.setdefault(made["fullyQualifiedName"], made)

    def add_pipeline(self, service: str, name: str, **fields: Any) -> Entity:
        """An ingestion pipeline as if somebody had created it, with its service if need be."""
        with self.lock:
            reference = {"id": self.add_service(service)["id"], "type": "messagingService"}
            sent = {"name": name, "service": reference, "pipelineType": "metadata", **fields}
            made = self._new(self._pipelines, fqn(service, name), sent)
            return self.pipelines.setdefault(made["fullyQualifiedName"], made)

    def add_entity(self, kind: str, *names: str, **fields: Any) -> Entity:
        """An entity of `LOOKED_AT` as if somebody had made it; names: of it and of those above it."""
        with self.lock:
            made = self._new(self._looked_at[kind], fqn(*names), {"name": names[-1], **fields})
            key = fqn(*names).lower() if self._looked_at[kind].ignores_case else fqn(*names)
            return self.others[kind].setdefault(key, made)

    def add_tag(self, classification: str, *names: str, **fields: Any) -> Entity:
        """A tag as if somebody had made it, with its classification if need be."""
        with self.lock:
            above = self._new(self._classifications, fqn(classification), {"name": classification})
            self.classifications.setdefault(fqn(classification), above)
            made = self._new(self._tags, fqn(classification, *names), {"name": names[-1], **fields})
            return self.tags.setdefault(fqn(classification, *names), made)

    # --- the server's way through a request

    def identify(self, request: Recorded) -> Call:
        route, _ = self._route(request)
        label = f"{request.method} {route.template if route else request.path}"
        named = request.body.get("name", "") if isinstance(request.body, dict) else ""
        return Call(request.method, request.path, f"{request.method} {request.path} {named}", label, request)

    def answer(self, call: Call) -> Reply:
        request = call.request
        if not request.url.startswith("/api/"):
            return html_reply(200 if request.method == "GET" else 405)
        route, parameters = self._route(request)
        if route is None:
            raise Refused(error(500, "HTTP 404 Not Found"))
        if request.path != "/system/version":
            self._authorize(request)
        self._check_media_type(request)
        return route.handler(request, *parameters)

    def _route(self, request: Recorded) -> tuple[_Route | None, list[str]]:
        """Matched on the path as sent: `%2F` inside a name is no separator."""
        path = request.url.partition("?")[0].removeprefix(self.root)
        for route in self._routes:
            if route.method == request.method and (match := route.pattern.fullmatch(path)):
                return route, [unquote(part) for part in match.groups()]
        return None, []

    def _token(self, request: Recorded) -> str:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        return token if kind == "Bearer" else ""

    def _authorize(self, request: Recorded) -> None:
        """Messages as the server's JwtFilter and policies give them."""
        token = self._token(request)
        if not token:
            raise Refused(error(401, "Not Authorized! Token not present"))
        if token in self.expired:
            raise Refused(error(401, "Expired token!"))
        if token not in self.bots | self.users:
            raise Refused(error(401, "Not Authorized! Invalid Token"))
        if any(fnmatchcase(f"{request.method} {request.path}", glob) for glob in self.forbidden):
            raise Refused(_not_allowed("EditAll"))

    def expire_credentials(self, request: Recorded) -> None:
        self.expired.add(self._token(request))

    def _check_media_type(self, request: Recorded) -> None:
        wanted = {"PUT": "application/json", "PATCH": "application/json-patch+json"}.get(request.method)
        sent = request.headers.get("content-type", "").partition(";")[0].strip()
        if wanted and sent != wanted:
            raise Refused(error(415, "HTTP 415 Unsupported Media Type"))

    def _checked(self, body: Any, schema: str, request: Recorded) -> Entity:
        self._check(body, schema, request, code=400)
        return dict(body)

    def _check(self, body: Any, schema: str, request: Recorded, *, code: int) -> None:
        complaint = _complaint(schema, body, self.release) if self.validate else ""
        if complaint:
            self.invalid_bodies.append((request, complaint))
            raise Refused(error(code, complaint))
        if problem := _unstorable(body, self.release):
            raise Refused(error(500, problem))

    def _is_bot(self, request: Recorded) -> bool:
        return self._token(request) in self.bots

    def _bot_keeps(self) -> frozenset[str]:
        return next(BOT_KEEPS[since] for since in sorted(BOT_KEEPS, reverse=True) if since <= self.release)

    # --- any entity

    def _new(self, collection: Collection, name: str, fields: Entity) -> Entity:
        made = str(uuid5(UUID(int=0), f"{collection.kind} {name}"))
        base = {"id": made, "fullyQualifiedName": name, "version": 0.1, "updatedAt": self.now(), "updatedBy": "admin"}
        empty: Entity = {"owners": [], "tags": [], "domains": [], "dataProducts": [], "deleted": False}
        return {**base, **empty, "href": f"{self.host_port}/v1{collection.path}/{made}", **_with_references(fields)}

    def _put(self, collection: Collection, made: Entity, sent: Entity, request: Recorded) -> Reply:
        """201 for a new one, 200 for one that was there, whose version goes up by 0.1 if anything changed [server].

        What lacks nothing but the schema changes nothing, and leaves the stored one [seen]; any other PUT without a
        schema takes it away [server: entitySpecificUpdate skips what storeUpdate then stores].
        """
        name = made["fullyQualifiedName"]
        old = collection.entities.get(name)
        if old is None:
            made = collection.entities[name] = {**made, "updatedBy": self._user(request)}
            return json_reply(201, _view(made, {"*"}))
        keys = _keys(collection.create) - {"name", "service"}
        sent = {key: value for key, value in _with_references(sent).items() if key in keys}
        new = merged_by_put(old, sent, keys, bot=self._is_bot(request), bot_keeps=self._bot_keeps())
        if "messageSchema" in old and {**new, "messageSchema": new.get("messageSchema", old["messageSchema"])} == old:
            new = old
        return json_reply(200, _view(self._store(collection, old, new, request), {"*"}))

    def _patch(self, collection: Collection, request: Recorded, id_: str) -> Reply:
        """A PATCH changes what a PUT may not, except what is read-only and what the bot's policy denies [#28676].

        One that cannot be applied is a 500, a failed `test` too [seen].
        """
        found = collection.by_id(id_)
        try:
            new = patched({key: value for key, value in found.items() if key != "sampleData"}, request.body)
        except (ValueError, LookupError, TypeError) as problem:
            raise Refused(error(500, f"JSON Patch: {problem!r}")) from problem
        if self._is_bot(request) and any(new.get(key) != found.get(key) for key in self.bot_may_not_patch):
            raise Refused(_not_allowed("EditDisplayName"))
        new = {**new, **{key: found[key] for key in {*READ_ONLY, "sampleData"} & found.keys()}}
        # Not the version: in floating point, 0.3 is no multiple of the schema's 0.1. Nor what a newer server only has.
        left_out = {"version", "domain"} | {key for key, since in SINCE.items() if self.release < since}
        visible = {key: value for key, value in _view(new, {"*"}).items() if key not in left_out}
        self._check_labels(new)
        self._check_owners(new)
        self._check(visible, collection.schema, request, code=500)
        self._check_fields(found, _fields_of(new), patch=True)
        return json_reply(200, _view(self._store(collection, found, new, request), {"*"}))

    def _user(self, request: Recorded) -> str:
        return "ingestion-bot" if self._is_bot(request) else "admin"

    def _store(self, collection: Collection, old: Entity, new: Entity, request: Recorded) -> Entity:
        """The next version: +0.1, or +1.0 where a field was lost.

        A PATCH within ten minutes of its user's last change is consolidated with it [seen; server: consolidateChanges]:
        the version between is taken back, which counts as losing what it had added, and replaced.
        """
        if new == old:
            return old
        self._check_twins(old, new, request)
        past = self.history.setdefault(old["id"], [])
        base = past[-1] if self._is_consolidated(old, request) and past else old
        steps = [(old, new), (old, base), (base, new)]
        major = any(_loses_a_field(_fields_of(one), _fields_of(other)) for one, other in steps if _fields_of(other))
        version = round(base["version"] + (1.0 if major else 0.1), 1)
        if base is old:
            past.append(old)
        elif _plain(new) == _plain(base):
            version = past.pop()["version"]
        new = {**new, "version": version, "updatedAt": self.now(), "updatedBy": self._user(request)}
        collection.entities[old["fullyQualifiedName"]] = new
        return new

    def _is_consolidated(self, old: Entity, request: Recorded) -> bool:
        same = request.method == "PATCH" and old["updatedBy"] == self._user(request)
        return same and old["version"] > 0.1 and self.now() - old["updatedAt"] <= SESSION_MS

    def _check_fields(self, old: Entity | None, sent: list[Entity], *, patch: bool = False) -> None:
        """A dot in a nested name is taken once, and refuses every later PATCH and PUT of a schema [seen].

        So it does the restoring that a PUT begins with [server: restoreEntity compares the whole entity with itself].
        """
        if not self.validate:
            return
        _check_field_names(sent)
        if old is None or self.release >= ESCAPES_FIELD_NAMES_SINCE:
            return
        broken = _unbuildable(_fields_of(old))
        if broken and (sent or patch or old["deleted"]):
            raise Refused(error(400, f"Invalid name {broken}"))

    def _check_twins(self, old: Entity, new: Entity, request: Recorded) -> None:
        """Siblings of one name are taken once, and fail at the next change [seen]."""
        if (
            self.validate
            and request.method != "DELETE"
            and (_has_twins(_fields_of(old)) or _has_twins(_fields_of(new)))
        ):
            raise Refused(error(500, "Duplicate key (attempted merging values)"))

    def _get_by_name(self, collection: Collection, request: Recorded, name: str) -> Reply:
        found = self._masked(self._with_inherited(collection.find(name, request)), request)
        return json_reply(200, _view(found, self._asked(request, collection)))

    def _get_by_id(self, collection: Collection, request: Recorded, id_: str) -> Reply:
        found = self._masked(self._with_inherited(collection.by_id(id_, _include(request))), request)
        return json_reply(200, _view(found, self._asked(request, collection)))

    def _masked(self, entity: Entity, request: Recorded) -> Entity:
        """Passwords of connections are shown to bots alone [server: DefaultAuthorizer.shouldMaskPasswords]."""
        aws = ((entity.get("connection") or {}).get("config") or {}).get("awsConfig") or {}
        if self._is_bot(request) or not aws.get("awsSecretAccessKey"):
            return entity
        return {
            **entity,
            "connection": {"config": {"type": "Kinesis", "awsConfig": {**aws, "awsSecretAccessKey": MASK}}},
        }

    def _asked(self, request: Recorded, collection: Collection) -> set[str]:
        """The fields asked for; one that this server does not know is a 400 [server: EntityUtil.Fields]."""
        asked = {name.strip() for name in request.query.get("fields", "").split(",")} - {""}
        if not collection.schema:
            return asked
        known = {key for key in _keys(collection.schema) if self.release >= SINCE.get(key, (0, 0))}
        known |= set() if "domains" in known else {"domain"}
        if unknown := asked - known - {"*"}:
            raise Refused(error(400, f"Invalid field name {min(unknown)}"))
        return asked

    def _with_inherited(self, entity: Entity) -> Entity:
        """A topic without owners or domains shows those of its service, marked [server: setInheritedFields]."""
        service = self.services.get(entity.get("service", {}).get("fullyQualifiedName"), {})
        passed_on = {
            key: [{**each, "inherited": True} for each in service[key]]
            for key in ("owners", "domains")
            if service.get(key) and not entity.get(key)
        }
        return {**entity, **passed_on}

    def _list(self, collection: Collection, request: Recorded) -> Reply:
        """Sorted by name, with a cursor that outlives deletions and is refused if made up.

        An unknown or unquoted service is an empty list, not a 404 [server: ListFilter; unquoted: ours].
        """
        limit = _integer(request.query.get("limit", "10"), 0, self.max_page)
        fields = self._asked(request, collection)
        service, include = request.query.get("service", ""), _include(request)
        every = collection.entities
        names = sorted(name for name in every if _included(every[name], include) and _belongs(every[name], service))
        start = _cursor(request, service, include)
        rest = [name for name in names if name > start]
        page = [_view(every[name], fields) for name in rest[:limit]]
        paging: Entity = {"total": len(names)}
        if len(rest) > limit > 0:
            paging["after"] = seal([service, include, rest[limit - 1]])
        return json_reply(200, {"data": page, "paging": paging})

    # --- system

    def _get_version(self, _: Recorded) -> Reply:
        return json_reply(200, {"version": self.version, "revision": "0123456789abcdef", "timestamp": 1790000000000})

    def _get_profiler(self, _: Recorded) -> Reply:
        if self.profiler is None:
            return Reply(204)
        return json_reply(200, {"config_type": "profilerConfiguration", "config_value": self.profiler})

    def _get_permissions(self, _: Recorded, resource: str) -> Reply:
        """Every operation of a kind of entity with its access [server: PermissionsResource, ResourceRegistry]."""
        if resource not in OPERATIONS:
            raise Refused(error(400, f"Resource descriptor for {resource} not found"))
        own = dict.fromkeys([*COMMON_OPERATIONS, *OPERATIONS[resource]], "allow")
        told = {key: access for (kind, key), access in self.access.items() if kind == resource}
        permissions = [{"operation": key, "access": access} for key, access in (own | told).items()]
        return json_reply(200, {"resource": resource, "permissions": permissions})

    # --- services and topics

    def _put_service(self, request: Recorded) -> Reply:
        sent = self._checked(request.body, CREATE_SERVICE, request)
        made = self._new(self._services, fqn(_checked_name(sent["name"])), sent)
        return self._put(self._services, made, sent, request)

    def _put_topic(self, request: Recorded) -> Reply:
        """`service` is an FQN: a service named with a dot is not found by its bare name [server]."""
        sent = self._checked(request.body, CREATE_TOPIC, request)
        _checked_name(sent["name"])
        service = self._services.find(sent["service"], request)
        self._check_labels(sent)
        self._check_owners(sent)
        made = self._new_topic(service, sent)
        self._check_fields(self.topics.get(made["fullyQualifiedName"]), _fields_of(sent))
        return self._put(self._topics, made, sent, request)

    def _new_topic(self, service: Entity, sent: Entity) -> Entity:
        keys = ("id", "name", "fullyQualifiedName")
        reference = {"type": "messagingService", **{key: service[key] for key in keys}}
        derived = {"service": reference, "serviceType": service["serviceType"], "sampleData": None, "followers": []}
        return self._new(self._topics, fqn(service["name"], sent["name"]), {**sent, **derived})

    def _put_sample(self, request: Recorded, id_: str) -> Reply:
        """Replaces the sample and leaves the version alone [server: TopicRepository.addSampleData]."""
        found = self._topics.by_id(id_)
        found["sampleData"] = self._checked(request.body, SAMPLE_DATA, request)
        return self._get_sample(request, id_)

    def _get_sample(self, _: Recorded, id_: str) -> Reply:
        found = self._topics.by_id(id_)
        return json_reply(200, {**_view(found, set()), "sampleData": found["sampleData"]})

    def _delete(self, collection: Collection, request: Recorded, id_: str) -> Reply:
        """Soft unless hardDelete=true; soft twice is no error [server: EntityRepository.delete].

        Edges stay: a soft deletion keeps them, and so does 1.6 after a hard one [seen].
        """
        found = collection.by_id(id_, include="all")
        if request.query.get("hardDelete") == "true":
            del collection.entities[found["fullyQualifiedName"]]
        else:
            found = self._store(collection, found, {**found, "deleted": True}, request)
        return json_reply(200, _view(found, set()))

    # --- tags, pipelines, lineage

    def _put_named(self, collection: Collection, request: Recorded, *above: str, **derived: Any) -> Reply:
        sent = self._checked(request.body, collection.create, request)
        self._check_labels(sent)
        made = self._new(collection, fqn(*above, _checked_name(sent["name"])), {**sent, **derived})
        return self._put(collection, made, sent, request)

    def _put_pipeline_service(self, request: Recorded) -> Reply:
        """One without a connection over one that has one is a 400 [seen]."""
        old = self.pipeline_services.get(fqn(str(request.body.get("name"))), {})
        if old.get("connection") and not request.body.get("connection"):
            raise Refused(error(400, "connection must not be null"))
        return self._put_named(self._pipeline_services, request)

    def _put_data_pipeline(self, request: Recorded) -> Reply:
        service = self._pipeline_services.find(str(request.body.get("service")), request)
        if '"' in str(request.body.get("name")):
            raise Refused(error(400, "name must match entityName"))
        reference = {"type": "pipelineService", **{key: service[key] for key in ("id", "name", "fullyQualifiedName")}}
        derived = {"service": reference, "serviceType": service["serviceType"]}
        return self._put_named(self._data_pipelines, request, service["name"], **derived)

    def _put_classification(self, request: Recorded) -> Reply:
        return self._put_named(self._classifications, request)

    def _put_tag(self, request: Recorded) -> Reply:
        """Without its classification a nested one is a 500; its parent is named by its FQN [seen]."""
        classification = str(request.body.get("classification"))
        if "classification" not in request.body:
            raise Refused(error(500, "classification is null"))
        self._classifications.find(classification, request)
        parent = request.body.get("parent", classification)
        if "parent" in request.body:
            self._tags.find(parent, request)
        name = f"{_canonical(parent)}.{fqn(_checked_name(request.body.get('name')))}"
        if len(name) > LONGEST_LABEL:
            raise Refused(error(500, "ERROR: value too long for type character varying(256)"))
        return self._put_named(self._tags, request, *_parts(parent))

    def reference_to(self, kind: str, *names: str) -> Entity:
        """Of an entity that there is, as an edge and an owner have it."""
        every = {"topic": self.topics, "pipeline": self.data_pipelines, **self.others}[kind]
        return {"id": every[fqn(*names)]["id"], "type": kind}

    def _check_labels(self, sent: Entity) -> None:
        """Each is of a tag that there is, where its classification is known here.

        One that is too long breaks the entity for good, on 1.6 [seen]: here a 500.
        """
        for label in sent.get("tags") or []:
            if len(label["tagFQN"]) > LONGEST_LABEL:
                raise Refused(error(500, "ERROR: value too long for type character varying(256)"))
            ours = _parts(label["tagFQN"])[0] in self.classifications
            if label["source"] == "Classification" and ours and _canonical(label["tagFQN"]) not in self.tags:
                raise Refused(error(404, f"tag instance for {label['tagFQN']} not found"))

    def _check_owners(self, sent: Entity) -> None:
        """Users, or one team, which is of type Group [seen]. Those that nobody made here are taken as they come."""
        owners = sent.get("owners") or []
        teams = [owner for owner in owners if owner["type"] == "team"]
        known = {each["id"]: each for each in self.others["team"].values()}
        if teams and len(owners) > 1:
            raise Refused(error(400, "Owners can be one team or several users"))
        if any(known.get(team["id"], {}).get("teamType", "Group") != "Group" for team in teams):
            raise Refused(error(400, "Only Team of type Group can own entities"))

    def _node(self, reference: Entity) -> Entity:
        """The entity of a reference, also a soft-deleted one [seen]; 404 for none."""
        every = {"topic": self.topics, "pipeline": self.data_pipelines, **self.others}.get(str(reference["type"]), {})
        found = next((each for each in every.values() if each["id"] == reference["id"]), None)
        if found is None:
            raise Refused(error(404, f"{reference['type']} instance for {reference['id']} not found"))
        return found

    def _named(self, reference: Entity) -> Entity:
        """As a lineage tells of it."""
        found = self._node(reference)
        return {**reference, "name": found["name"], "fullyQualifiedName": found["fullyQualifiedName"]}

    def _put_edge(self, request: Recorded) -> Reply:
        """Replaces what there is between the two, whoever made it; what is not said is Manual [seen].

        A person's token may not, even as owner of both ends; a bot's may [seen].
        """
        edge = self._checked(request.body, ADD_LINEAGE, request)["edge"]
        if not self._is_bot(request):
            raise Refused(_not_allowed("EditLineage"))
        ends = [self._named(end) for end in (edge["fromEntity"], edge["toEntity"])]
        details = {"source": "Manual", **edge.get("lineageDetails", {})}
        if details.get("pipeline"):
            self._node(details["pipeline"])
        self.edges[ends[0]["id"], ends[1]["id"]] = {"from": ends[0], "to": ends[1], "details": details}
        return Reply(200)

    def add_edge(self, start: Entity, end: Entity, **details: Any) -> None:
        """An edge as somebody drew it, between two entities as `reference_to` makes them."""
        with self.lock:
            made = {"source": "Manual", **details}
            self.edges[start["id"], end["id"]] = {"from": start, "to": end, "details": made}

    def _get_edge(self, _: Recorded, start: str, end: str) -> Reply:
        if (start, end) not in self.edges:
            raise Refused(error(404, f"Lineage edge not found between {start} and {end}"))
        return json_reply(200, {"edge": self.edges[start, end]["details"]})

    def _get_lineage(self, request: Recorded, kind: str, id_: str) -> Reply:
        """The neighbours. Of a pipeline also the ends of the edges that name it, as its own neighbours [seen]."""
        del request
        self._node({"id": id_, "type": kind})
        up, down = [], []
        for (start, end), edge in self.edges.items():
            named = (edge["details"].get("pipeline") or {}).get("id") == id_
            if end == id_ or named:
                up.append((edge["from"], {"fromEntity": start, "toEntity": id_, "lineageDetails": edge["details"]}))
            if start == id_ or named:
                down.append((edge["to"], {"fromEntity": id_, "toEntity": end, "lineageDetails": edge["details"]}))
        answer = {
            "entity": {"id": id_, "type": kind},
            "nodes": [node for node, _ in (*up, *down)],
            "upstreamEdges": [edge for _, edge in up],
            "downstreamEdges": [edge for _, edge in down],
        }
        return json_reply(200, answer)

    def _delete_edge(self, _: Recorded, kind: str, start: str, to_kind: str, end: str) -> Reply:
        """A second time: 404 [seen]."""
        del kind, to_kind
        if self.edges.pop((start, end), None) is None:
            raise Refused(error(404, "Lineage edge not found"))
        return Reply(200)

    # --- ingestion pipelines

    def _put_pipeline(self, request: Recorded) -> Reply:
        sent = self._checked(request.body, CREATE_PIPELINE, request)
        service = self._services.by_id(sent["service"]["id"])
        made = self._new(self._pipelines, fqn(service["name"], _checked_name(sent["name"])), sent)
        return self._put(self._pipelines, made, sent, request)

    def _put_status(self, request: Recorded, name: str) -> Reply:
        """Replaces the status of its run id; 201 both times [server: addPipelineStatus].

        Another run of the same timestamp is a 409 [seen].
        """
        found = self._pipelines.find(name, request)
        sent = self._checked(request.body, PIPELINE_STATUS, request)
        statuses = self.statuses.setdefault(found["fullyQualifiedName"], {})
        taken = {
            status["timestamp"] for run, status in statuses.items() if run != sent["runId"] and "timestamp" in status
        }
        if sent.get("timestamp") in taken:
            raise Refused(error(409, "Entity already exists"))
        statuses[sent["runId"]] = sent
        return json_reply(201, {"entityType": "ingestionPipeline", "entityFullyQualifiedName": _canonical(name)})

    def _list_statuses(self, request: Recorded, name: str) -> Reply:
        """Those since `startTs`, in ms; not to ask from when on is a 500 [seen]."""
        found = self._pipelines.find(name, request)
        if not request.query.get("startTs", "").isdigit():
            raise Refused(error(500, 'Cannot invoke "java.lang.Long.longValue()" because "startTs" is null'))
        begin, end = int(request.query["startTs"]), int(request.query.get("endTs", 2**63))
        every = self.statuses.get(found["fullyQualifiedName"], {}).values()
        statuses = [status for status in every if begin <= int(status.get("timestamp", 0)) <= end]
        latest = sorted(statuses, key=lambda status: -int(status.get("timestamp", 0)))
        return json_reply(200, {"data": latest, "paging": {"total": len(latest)}})

    def _get_status(self, request: Recorded, name: str, run_id: str) -> Reply:
        """204 for a run without a status; a run id that is no UUID cannot be asked for [server: @PathParam UUID]."""
        found = self._pipelines.find(name, request)
        if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", run_id):
            raise Refused(error(404, "HTTP 404 Not Found"))
        status = self.statuses.get(found["fullyQualifiedName"], {}).get(run_id)
        return Reply(204) if status is None else json_reply(200, status)


def _not_allowed(operation: str) -> Reply:
    return error(403, f"Principal: CatalogPrincipal{{name='ingestion-bot'}} operations [{operation}] not allowed")


def _keys(schema: str) -> set[str]:
    return {word for words in KEYS[schema] for word in words.split()}


def _plain(entity: Entity) -> Entity:
    """Without what every change changes."""
    return {key: value for key, value in entity.items() if key not in ("version", "updatedAt", "updatedBy")}


def _include(request: Recorded) -> str:
    include = request.query.get("include", "non-deleted")
    if include not in ("non-deleted", "deleted", "all"):
        raise Refused(error(400, f"query param include must be one of [all, deleted, non-deleted], not {include}"))
    return include


def _included(entity: Entity, include: str) -> bool:
    return include == "all" or bool(entity["deleted"]) == (include == "deleted")


def _belongs(entity: Entity, service: str) -> bool:
    return not service or entity.get("service", {}).get("fullyQualifiedName") == service


def _integer(text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"-?\d+", text) or not least <= int(text) <= most:
        raise Refused(error(400, f"[query param limit must be between {least} and {most}]"))
    return int(text)


def _cursor(request: Recorded, service: str, include: str) -> str:
    if "after" not in request.query:
        return ""
    try:
        *made_for, last = unseal(request.query["after"])
    except ValueError as problem:
        raise Refused(error(500, "Invalid cursor")) from problem
    if made_for != [service, include]:
        raise Refused(error(500, "Invalid cursor for this query"))
    return str(last)


def _view(entity: Entity, fields: set[str]) -> Entity:
    """What a client sees: relations and the source hash on request only, the sample never [server: setFields]."""
    hidden = {"sampleData"} if "*" in fields else {"sampleData"} | (ON_REQUEST - fields)
    return {key: value for key, value in entity.items() if key not in hidden}


def wide_schema(fields: int) -> Entity:
    """A message schema as the server sends it back, about 200 bytes a field."""
    names = [f"field_{number:04d}" for number in range(fields)]
    text = json.dumps({"type": "object", "properties": {name: {"type": "string"} for name in names}})
    common = {"dataType": "STRING", "dataTypeDisplay": "string", "tags": []}
    listed = [{"name": name, **common, "fullyQualifiedName": f"bench.a-stream-of-orders.Root.{name}"} for name in names]
    return {"schemaType": "JSON", "schemaText": text, "schemaFields": listed}


def main() -> None:
    """A catalogue for benchmarks: token `bench`, bodies not validated, no request log."""
    parser = arguments("A fake OpenMetadata on 127.0.0.1; the token is 'bench'.")
    parser.add_argument("--topics", type=int, default=0, metavar="N", help="topics in the service `bench`")
    parser.add_argument("--fields", type=int, default=0, metavar="N", help="fields in the schema of each")
    options = parser.parse_args()
    latency = options.latency_ms / 1000
    fake = FakeOpenMetadata(bots=["bench"], validate=False, record=False, port=options.port, latency=latency)
    schema: Entity = {"messageSchema": wide_schema(options.fields)} if options.fields else {}
    for number in range(options.topics):
        fake.add_topic("bench", f"catalogued-{number:05d}", **schema)
    serve(fake)


if __name__ == "__main__":
    main()
