"""Addresses about who one is."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts.views import connected, invitation, password, preferences, sign_in, stops, welcome

urlpatterns = [
    path("sign-in/", sign_in.SignIn.as_view(), name="login"),
    path("sign-out/", LogoutView.as_view(), name="logout"),
    path("welcome/", welcome.Welcome.as_view(), name="welcome"),
    path("invitation/", invitation.AcceptInvitation.as_view(), name="invitation"),
    path("invitation/<str:token>/", invitation.follow, name="invitation-link"),
    path("connected/<str:method>/", connected.connected, name="connected"),
    path("stops/", stops.stops, name="stops"),
    path("stops/<public_id>/", stops.stop, name="stop"),
    path("preferences/", preferences.Preferences.as_view(), name="preferences"),
    path("preferences/password/", password.ChangePassword.as_view(), name="password"),
]
