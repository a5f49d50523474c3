"""Its pages."""

from django.urls import path
from shop import views

urlpatterns = [path("order", views.order), path("goods/<int:number>", views.good), path("visits", views.visits)]
