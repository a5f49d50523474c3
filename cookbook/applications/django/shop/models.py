"""What the shop has."""

import os

from django.contrib.postgres.fields import ArrayField, IntegerRangeField
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models
from django.db.backends.signals import connection_created
from django.dispatch import receiver


class Good(models.Model):
    name = models.TextField(unique=True)
    stock = models.IntegerField()
    tags = ArrayField(models.TextField(), default=list)
    about = models.JSONField(default=dict)
    ages = IntegerRangeField(null=True)

    class Meta:
        indexes = [GinIndex(fields=["tags"], name="goods_by_tags")]
        constraints = [models.CheckConstraint(check=models.Q(stock__gte=0), name="stock_is_not_negative")]


class Order(models.Model):
    worker = models.IntegerField()
    good = models.ForeignKey(Good, on_delete=models.CASCADE, related_name="orders")
    count = models.IntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [BrinIndex(fields=["at"], name="orders_by_time")]


class Job(models.Model):
    done_by = models.IntegerField(null=True)


class Note(models.Model):
    """What migrations and tasks did."""

    text = models.TextField()


@receiver(connection_created)
def own_settings(connection, **_):
    """What each new connection is told first."""
    with connection.cursor() as cursor:
        cursor.execute("SET work_mem = '%s MB'", [10 + int(os.environ.get("WORKER", 0))])
        cursor.execute("SELECT set_config('shop.worker', %s, false)", [os.environ.get("WORKER", "0")])
