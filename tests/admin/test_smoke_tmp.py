import pytest
from django.contrib import admin
from django.urls import reverse
def test_every(cast, sign_in):
    c = sign_in(cast.root)
    assert c.get("/admin/").status_code == 200
    for model, ma in admin.site._registry.items():
        o = model._meta
        r = c.get(reverse(f"admin:{o.app_label}_{o.model_name}_changelist"))
        print(o.label, r.status_code, model._default_manager.count())
        row = model._default_manager.first()
        if row and not getattr(row,'is_agent',False):
            r = c.get(reverse(f"admin:{o.app_label}_{o.model_name}_change", args=[row.pk]))
            assert r.status_code == 200, (o.label, r.status_code)
        r = c.get(reverse(f"admin:{o.app_label}_{o.model_name}_add"))
        print(r.status_code)
