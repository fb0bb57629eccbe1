"""Where Meta sends people back after a login. The code in the address is good once; it is put away, and the address left, before anything is shown."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.connecting.begin import refuse_from_login, return_from_login
from accounts.models import ConnectionRequest, User
from core.clock import now

Method, State = ConnectionRequest.Method, ConnectionRequest.State
_EXPECTED = "connecting"
# Logins that one browser may have begun and not finished.
_MOST = 10


def expect_back(request: HttpRequest, connection: ConnectionRequest) -> None:
    """This browser is about to be sent to Meta, and only this one may come back for it."""
    request.session[_EXPECTED] = [*request.session.get(_EXPECTED, []), connection.public_id][-_MOST:]


# A session that has ended meanwhile would take the code along through the sign-in, in one address after another.
@login_not_required
@require_GET
def connected(request: HttpRequest, method: str) -> HttpResponse:
    """Back from Meta: with a code, or with the word that nothing was granted."""
    if method not in (Method.FACEBOOK, Method.INSTAGRAM):
        raise Http404
    if not isinstance(request.user, User):
        return redirect_to_login(reverse("admin:connect"))
    connection = _find(request, method, by=request.user)
    if connection is None:
        return _refuse(request, _("This login was not begun by you in this browser, or it was begun too long ago."))
    if not _take(request, connection, by=request.user):
        return _refuse(request, _("You came back from this login before, and each is good for once."), connection)
    # The fragment takes the place of the one that Instagram adds.
    return HttpResponseRedirect(f"{reverse('admin:connecting', args=[connection.public_id])}#connecting")


def _find(request: HttpRequest, method: str, *, by: User) -> ConnectionRequest | None:
    """By our own `state`, which has to be this person's and this session's: nobody may end up with accounts of a stranger's login."""
    state = request.GET.get("state", "")
    if state not in request.session.get(_EXPECTED, []):
        return None
    found = ConnectionRequest.objects.filter(public_id=state, by=by, method=method)
    return found.select_related("account", "meta_app").first()


def _take(request: HttpRequest, connection: ConnectionRequest, *, by: User) -> bool:
    if code := request.GET.get("code", ""):
        return return_from_login(connection, code=code[:2000], by=by, at=now())
    return refuse_from_login(connection, told=request.GET.dict(), by=by, at=now())


def _refuse(request: HttpRequest, sentence: str, connection: ConnectionRequest | None = None) -> HttpResponse:
    if connection:
        return render(request, "admin/connect/refused.html", {"sentence": sentence, "connection": connection}, status=409)
    return render(request, "admin/connect/refused.html", {"sentence": sentence}, status=400)
