"""The base of every resource of the API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Model
from django.middleware.http import ConditionalGetMiddleware
from django.utils.decorators import decorator_from_middleware, method_decorator
from rest_framework import mixins, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from batchcalls.access import audit
from batchcalls.access.permissions import Need
from batchcalls.api import conditions, throttling
from batchcalls.api.authentication import KeyAuthentication
from batchcalls.api.filtering import Narrowing, check_parameters
from batchcalls.api.idempotent import once
from batchcalls.api.paging import CursorPages
from batchcalls.api.parsing import BoundedJSONParser
from batchcalls.api.permissions import HasNeed
from batchcalls.api.rendering import Json
from batchcalls.reporting.filters.listing import ListFilter

with_etag = decorator_from_middleware(ConditionalGetMiddleware)


@method_decorator(with_etag, name="dispatch")
class ApiView(viewsets.GenericViewSet[Any]):
    """A resource. ``needs`` names the permission for each action.

    A GET returns an ``ETag``, or 304 to a client that already has the current response.
    """

    authentication_classes = [KeyAuthentication]
    permission_classes = [HasNeed]
    throttle_classes = [throttling.KeyThrottle]
    parser_classes: list[type[BaseParser]] = [BoundedJSONParser]
    renderer_classes = [Json]
    pagination_class: type[BasePagination] | None = CursorPages
    # No OPTIONS: the OpenAPI document lists the methods, and there is no CORS.
    http_method_names = ["get", "head", "post", "patch", "delete"]
    filter_backends = [Narrowing]
    # An invalid id gets the same response as an unknown one.
    lookup_value_regex = "[^/]+"
    needs: ClassVar[dict[str, Need]]
    #: The filter of the list, and further parameters that each action reads itself.
    filter_class: ClassVar[type[ListFilter] | None] = None
    own_parameters: ClassVar[dict[str, tuple[str, ...]]] = {}
    #: Orders that clients can ask for, by name. An index must have each.
    orderings: ClassVar[dict[str, tuple[str, ...]]] = {}
    #: The singular and plural of the resource, where they differ from the table's name.
    nouns: ClassVar[tuple[str, str] | None] = None
    #: Error statuses of each action, beyond those that all actions have.
    problems: ClassVar[dict[str, tuple[int, ...]]] = {}
    #: Actions that compare ``If-Match`` with the row, and actions whose response has its ``ETag``.
    conditional: ClassVar[frozenset[str]] = frozenset()
    tagged: ClassVar[frozenset[str]] = frozenset()
    #: The fields that order lists, the last of them unique. Descending unless ``ascending``.
    order: ClassVar[tuple[str, ...]] = ("pk",)
    ascending: ClassVar[bool] = False

    def usual_arrangement(self, request: Request) -> tuple[tuple[str, ...], bool]:
        """Return the fields that order this list, and whether they ascend."""
        return self.order, self.ascending

    @property
    def ordering_names(self) -> list[str]:
        """The values of ``ordering``: each name ascending, and with a minus descending."""
        return [f"{sign}{name}" for name in self.orderings for sign in ("", "-")]

    def arrangement(self, request: Request) -> tuple[tuple[str, ...], bool]:
        """Return the fields that order this list, and whether they ascend.

        Raise `ValidationError` for an unknown order.
        """
        wanted = request.query_params.get("ordering")
        if wanted is None:
            return self.usual_arrangement(request)
        name = wanted.removeprefix("-")
        if name not in self.orderings:
            known = ", ".join(self.ordering_names)
            raise ValidationError({"ordering": f"This list can be ordered by {known}."})
        return self.orderings[name], wanted == name

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the key, and then the query parameters."""
        super().initial(request, *args, **kwargs)
        check_parameters(request, self)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        """Set the rate-limit headers, and forbid shared caches to store the response."""
        answer: Response = super().finalize_response(request, response, *args, **kwargs)
        throttling.tell(request, answer)
        if self.action in self.tagged and answer.status_code < 300:
            row = answer.data.serializer.instance
            answer["ETag"] = conditions.etag_of(row, self.state_of(row), answer.data)
        answer.headers.setdefault("Cache-Control", "private, no-cache")
        return answer

    def state_of(self, row: Any) -> Any:
        """Return all that a change of the row can set, as it is stored."""
        return conditions.state_of(self.get_serializer(row))

    @contextmanager
    def unchanged(self) -> Iterator[Any]:
        """Yield the row, locked, in one transaction with the block.

        Raise `Problem` (412) if it is not as the client's ``If-Match`` says.
        """
        found = self.get_object()
        with transaction.atomic():
            row = conditions.locked(found)
            if self.action in self.conditional:
                conditions.check(self.request, row, self.state_of(row))
            yield row


class Listed(mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """A paged list, and each row by its id."""


class Created(mixins.CreateModelMixin):
    """Creates rows, with an optional ``Idempotency-Key``. Each row records its creator."""

    @once
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Store the row, return it, and set the ``Location`` header."""
        answer = super().create(request, *args, **kwargs)
        place = f"{request.path}/{answer.data['id']}"
        answer["Location"] = request.build_absolute_uri(place)
        return answer

    def perform_create(self, serializer: Any) -> None:
        """Record the creator, where the table has a field for that."""
        model: type[Model] = serializer.Meta.model
        has_maker = any(field.name == "created_by" for field in model._meta.fields)
        maker = {"created_by": self.request.user} if has_maker else {}  # type: ignore[attr-defined]
        with transaction.atomic():
            self.saved(serializer.save(**maker))

    def saved(self, row: Model) -> None:
        """Note the new row in the audit log. Functions that do so themselves need this not."""
        audit.added(row)


class Deleted(mixins.DestroyModelMixin):
    """Deletes rows, unless others need them."""

    def destroy(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete the row."""
        with self.unchanged() as row:
            self.perform_destroy(row)
        return Response(status=204)

    def perform_destroy(self, instance: Any) -> None:
        """Delete the row, and note it in the audit log."""
        with audit.deleting(instance):
            instance.delete()


class Changed:
    """Changes the fields of a row that are sent by PATCH, if it is as ``If-Match`` says."""

    conditional = frozenset({"partial_update", "destroy"})
    tagged = frozenset({"retrieve", "partial_update"})

    def noting(self, row: Model) -> AbstractContextManager[None]:
        """Note what the block changes in the audit log."""
        return audit.changing(row)

    def partial_update(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Store the changes, and return the row."""
        sent = request.data  # read before the lock, because clients can be slow
        with self.unchanged() as row:
            serializer = self.get_serializer(row, data=sent, partial=True)
            serializer.is_valid(raise_exception=True)
            with self.noting(row):
                serializer.save()
            return Response(serializer.data)
