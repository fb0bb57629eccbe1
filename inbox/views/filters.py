"""What the list can be filtered by, fetched when somebody wants to."""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Account, Grant, Right, User
from inbox.lanes import SORTS
from inbox.models import Conversation, Label
from inbox.views.access import Request, person
from inbox.views.asked import Asked

MOST = 200


@require_safe
def filters(request: Request) -> HttpResponse:
    """The form; what is chosen in it shows the list."""
    user, asked = person(request), Asked.beside(request)
    context = {
        "asked": asked,
        "accounts": Account.objects.visible_to(user).defer("token", "parting_token"),
        "labels": labels_for(user)[:MOST],
        "colleagues": colleagues_of(user).exclude(pk=user.pk)[:MOST],
        # What comes back first is asked of what is put off alone.
        "sorts": [sort for sort in SORTS.values() if sort.name != "back" or asked.the_lane.sort == "back"],
    }
    return render(request, "inbox/_filters.html" if request.htmx else "inbox/filters.html", context)


def colleagues_of(user: User) -> QuerySet[User]:
    """People who may reply on an account that this person reads; nobody where they read none."""
    readable = Account.objects.visible_to(user)
    replying = Grant.objects.giving(Right.REPLY).filter(account__in=readable).values("user")
    people = User.objects.filter(Q(Exists(readable), is_superuser=True) | Q(pk__in=replying), is_active=True, is_agent=False)
    return people.order_by(Lower("name"), "email")


def known_to(user: User) -> QuerySet[User]:
    """Whose name this person may read: their own, their colleagues', and of whoever has something that they see."""
    theirs = Conversation.objects.visible_to(user).filter(assignee=OuterRef("pk"))
    colleagues = colleagues_of(user).order_by().values("pk")
    return User.objects.filter(Q(pk=user.pk) | Q(pk__in=colleagues) | Exists(theirs), is_agent=False)


def labels_for(user: User) -> QuerySet[Label]:
    """All of them, for whoever reads an account."""
    return Label.objects.filter(Exists(Account.objects.visible_to(user)))
