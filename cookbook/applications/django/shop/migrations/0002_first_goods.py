"""The first goods, by way of a temporary table that lives for several statements, each a transaction of its own."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.RunSQL("CREATE TEMPORARY TABLE imported (name text)", migrations.RunSQL.noop),
        migrations.RunSQL("INSERT INTO imported SELECT 'good ' || n FROM generate_series(1, 50) AS n", migrations.RunSQL.noop),
        migrations.RunSQL(
            "INSERT INTO shop_good (name, stock, tags, about) SELECT name, 1000, '{new}', '{}' FROM imported", migrations.RunSQL.noop
        ),
        migrations.RunSQL("DROP TABLE imported", migrations.RunSQL.noop),
        migrations.RunSQL("INSERT INTO shop_job (done_by) SELECT NULL FROM generate_series(1, 100)", migrations.RunSQL.noop),
        AddIndexConcurrently("good", models.Index(fields=["stock"], name="goods_by_stock")),
    ]
