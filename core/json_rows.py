"""The few rows that belong to one row, fetched along with it in the same query."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import DEFERRED, DateTimeField, F, Field, JSONField, Model, QuerySet, Subquery
from django.utils.dateparse import parse_datetime


class JSONRows(Subquery):
    """A list of dictionaries, one for each row of a queryset that refers to the row around it, in its order.

    Args:
        rows: what is to be fetched; its order and limit count.
        names: the fields, as `values()` takes them.
    """

    empty_result_set_value: Any = []

    def __init__(self, rows: "QuerySet[Any]", *names: str, output_field: "Field[Any, Any] | None" = None) -> None:
        super().__init__(rows.values(*names), output_field=output_field or JSONField())
        self.names = names
        self.as_json = {name for name in names if isinstance(_field(rows, name), JSONField)}

    def as_sql(self, compiler: Any, connection: Any, template: str | None = None, **extra: Any) -> Any:
        pairs = ", ".join(f"'{name}', {self._column(connection, name)}" for name in self.names)
        template = "(SELECT COALESCE(json_group_array(json_object({pairs})), '[]') FROM (%(subquery)s) each_row)"
        if connection.vendor == "postgresql":
            template = "(SELECT COALESCE(jsonb_agg(to_jsonb(each_row)), '[]'::jsonb) FROM (%(subquery)s) each_row)"
        return super().as_sql(compiler, connection, template=template.replace("{pairs}", pairs.replace("%", "%%")), **extra)

    def _column(self, connection: Any, name: str) -> str:
        column = f"each_row.{connection.ops.quote_name(name)}"
        return f"json({column})" if name in self.as_json else column


class ModelRows(JSONRows):
    """The same as a list of instances, those that they point to with them. Fields that are not named are deferred.

    Args:
        names: fields, "relation__field" for one of what a row points to, and annotations. On SQLite up to 60.
        known_as: as what the row around knows them: `row.<known_as>.all()` asks no more. At the outermost, `known` sees to that.
    """

    def __init__(self, rows: "QuerySet[Any]", *names: str, known_as: str = "") -> None:
        far = [name for name in names if "__" in name]
        super().__init__(rows.annotate(**{name: F(name) for name in far}), *names, output_field=_Instances(rows))
        self.known_as = known_as


class _Instances(JSONField):
    def __init__(self, rows: "QuerySet[Any]") -> None:
        super().__init__()
        self._rows = rows

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> list[Any]:
        return self.made(super().from_db_value(value, expression, connection), connection.alias)

    def made(self, rows: Sequence[Mapping[str, Any]], alias: str) -> list[Any]:
        made = []
        for row in rows:
            instance = _instance(self._rows.model, row, alias)
            for name, annotation in self._rows.query.annotations.items():
                if name in row:
                    within = annotation.output_field
                    setattr(instance, name, within.made(row[name], alias) if isinstance(within, _Instances) else row[name])
            made.append(_knowing(instance, self._rows))
        return made

    def deconstruct(self) -> Any:
        raise TypeError("It is the field of an annotation, and of no model.")


def known(rows: "QuerySet[Any]") -> list[Any]:
    """The rows, each knowing what was fetched along with it."""
    return [_knowing(row, rows) for row in rows]


def _knowing(row: Any, rows: "QuerySet[Any]") -> Any:
    for name, annotation in rows.query.annotations.items():
        if isinstance(annotation, ModelRows) and annotation.known_as and name in row.__dict__:
            remember(row, **{annotation.known_as: row.__dict__[name]})
    return row


def remember(row: Model, **rows: Iterable[Model]) -> None:
    """From now on `row.<name>.all()` are these, and the database is not asked."""
    for name, those in rows.items():
        queryset = getattr(row, name).get_queryset()
        queryset._result_cache, queryset._prefetch_done = list(those), True
        row.__dict__.setdefault("_prefetched_objects_cache", {})[name] = queryset


def _instance(model: type[Model], row: Mapping[str, Any], alias: str) -> Any:
    fields = model._meta.concrete_fields
    made = model.from_db(alias, [f.attname for f in fields], [_value(f, row[f.attname]) if f.attname in row else DEFERRED for f in fields])
    for relation in {name.partition("__")[0] for name in row if "__" in name}:
        far = {name.removeprefix(f"{relation}__"): value for name, value in row.items() if name.startswith(f"{relation}__")}
        target: Any = model._meta.get_field(relation).related_model
        is_there = far.get(target._meta.pk.attname) is not None
        if is_there:
            setattr(made, relation, _instance(target, far, alias))
        elif relation in {field.name for field in fields}:
            setattr(made, relation, None)
    return made


def _value(field: "Field[Any, Any]", value: Any) -> Any:
    if isinstance(field, DateTimeField) and isinstance(value, str):
        moment = parse_datetime(value)
        # SQLite keeps moments in UTC, and says so nowhere.
        return moment.replace(tzinfo=UTC) if isinstance(moment, datetime) and moment.tzinfo is None else moment
    return value if isinstance(field, JSONField) else field.to_python(value)


def _field(rows: "QuerySet[Any]", name: str) -> "Field[Any, Any] | None":
    """What kind of value this is; None for what has no field of its own."""
    if name in rows.query.annotations:
        return getattr(rows.query.annotations[name], "_output_field_or_none", None)
    model: Any = rows.model
    *way, last = name.split("__")
    for relation in way:
        model = model._meta.get_field(relation).related_model
    return next((field for field in model._meta.concrete_fields if last in (field.name, field.attname)), None)


def columns(model: type[Model], *, via: str = "", without: Iterable[str] = ()) -> list[str]:
    """The names of all its columns, as `ModelRows` takes them.

    Args:
        via: by which relation it is reached.
    """
    return [f"{via}__{field.attname}" if via else field.attname for field in model._meta.concrete_fields if field.attname not in without]
