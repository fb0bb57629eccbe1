"""Addresses of conversations, dispatches and media, and what Meta calls beside its webhooks. Nouns; the method is the verb."""

from django.urls import path

from inbox.views import callbacks, conversation, conversations, deletion, dispatches, media, messages

app_name = "inbox"
urlpatterns = [
    path("conversations/", conversations.conversations, name="conversations"),
    path("conversations/<public_id>/", conversation.conversation, name="conversation"),
    path("conversations/<public_id>/messages/", messages.messages, name="messages"),
    path("dispatches/<public_id>/hold/", dispatches.hold, name="hold"),
    path("dispatches/<public_id>/retry/", dispatches.retry, name="retry"),
    path("dispatches/<public_id>/settlement/", dispatches.settlement, name="settlement"),
    path("media/", media.choose, name="choose-media"),
    path("media/<public_id>/", media.status, name="media"),
    path("media/<public_id>/file/", media.file, name="media-file"),
    path("meta/<public_id>/deauthorisation/", callbacks.deauthorisation, name="deauthorisation"),
    path("meta/<public_id>/deletion/", callbacks.deletions, name="deletions"),
    path("meta/deletion/<public_id>/", deletion.deletion, name="deletion"),
]
