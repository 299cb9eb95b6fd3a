"""Calls the Django view twice; what it did the second time is rolled back."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
django.setup()

from django.db import transaction  # noqa: E402
from django.test import RequestFactory  # noqa: E402
from shop.views import confirm  # noqa: E402

request = RequestFactory().post("/orders/7/confirmation")
confirm(request, 7)
with transaction.atomic():
    confirm(request, 8)
    transaction.set_rollback(True)
