"""What it answers."""

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.http import JsonResponse
from shop.models import Good, Order


@transaction.atomic
def order(request):
    """Takes what is there; what is not is a savepoint that is taken back."""
    worker, taken = int(request.GET["worker"]), []
    for number in request.GET["goods"].split(" "):
        try:
            with transaction.atomic():
                good = Good.objects.select_for_update().get(id=number)
                Order.objects.create(worker=worker, good=good, count=1)
                Good.objects.filter(id=good.id).update(stock=F("stock") - 1)
                taken.append(good.id)
        except IntegrityError:
            pass
    return JsonResponse(taken, safe=False)


def good(request, number):
    found = Good.objects.filter(id=number).values("name").first()
    return JsonResponse({"good": found, "connection": id(connection.connection)})


def visits(request):
    """A session of Django's, in the database."""
    request.session["visits"] = request.session.get("visits", 0) + 1
    return JsonResponse({"visits": request.session["visits"]})
