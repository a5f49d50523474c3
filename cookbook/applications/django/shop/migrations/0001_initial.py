"""What models.py has; `manage.py makemigrations` wrote it."""

import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
from django.db import migrations, models
import django.db.models.deletion


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Good',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.TextField(unique=True)),
                ('stock', models.IntegerField()),
                ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None)),
                ('about', models.JSONField(default=dict)),
                ('ages', django.contrib.postgres.fields.ranges.IntegerRangeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('done_by', models.IntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('worker', models.IntegerField()),
                ('count', models.IntegerField()),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('good', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='orders', to='shop.good')),
            ],
        ),
        migrations.AddIndex(
            model_name='good',
            index=django.contrib.postgres.indexes.GinIndex(fields=['tags'], name='goods_by_tags'),
        ),
        migrations.AddConstraint(
            model_name='good',
            constraint=models.CheckConstraint(check=models.Q(('stock__gte', 0)), name='stock_is_not_negative'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=django.contrib.postgres.indexes.BrinIndex(fields=['at'], name='orders_by_time'),
        ),
    ]
