"""The settings of the shop: what `django-admin startproject` writes, and its database by DATABASE_URL."""

import os

import dj_database_url
from django.core.management.utils import get_random_secret_key

SECRET_KEY = get_random_secret_key()
ALLOWED_HOSTS = ["shop.example"]
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.postgres",
    "shop",
]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]
ROOT_URLCONF = "shop.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Persistent connections, and what libpq tells the server when it connects.
DATABASES = {"default": dj_database_url.config(conn_max_age=60)}
DATABASES["default"].setdefault("OPTIONS", {})["options"] = f"-c statement_timeout={20_000 + int(os.environ.get('WORKER', 0))}"
