"""The few rows that belong to one row, fetched along with it in the same query."""

from typing import Any

from django.db.models import JSONField, QuerySet, Subquery


class JSONRows(Subquery):
    """A list of dictionaries, one for each row of a queryset that refers to the row around it, in its order.

    Args:
        rows: what is to be fetched; its order and limit count.
        names: the fields, as `values()` takes them.
    """

    output_field = JSONField()
    empty_result_set_value: Any = []

    def __init__(self, rows: "QuerySet[Any]", *names: str) -> None:
        super().__init__(rows.values(*names), output_field=JSONField())
        self.names = names

    def as_sql(self, compiler: Any, connection: Any, template: str | None = None, **extra: Any) -> Any:
        quote = connection.ops.quote_name
        pairs = ", ".join(f"'{name}', each_row.{quote(name)}" for name in self.names)
        template = "(SELECT COALESCE(json_group_array(json_object({pairs})), '[]') FROM (%(subquery)s) each_row)"
        if connection.vendor == "postgresql":
            template = "(SELECT COALESCE(jsonb_agg(jsonb_build_object({pairs})), '[]'::jsonb) FROM (%(subquery)s) each_row)"
        return super().as_sql(compiler, connection, template=template.replace("{pairs}", pairs.replace("%", "%%")), **extra)
