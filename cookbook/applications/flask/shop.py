"""The shop: Flask and Flask-SQLAlchemy on psycopg2, with all defaults of theirs. Its only setting is DATABASE_URL."""

import os

from flask import Flask, jsonify, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError, OperationalError

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
db = SQLAlchemy(app)


class Good(db.Model):
    __tablename__ = "goods"
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.Text, unique=True, nullable=False)
    stock = db.Column(db.Integer, nullable=False)
    orders = db.relationship("Order", back_populates="good")


class Order(db.Model):
    __tablename__ = "orders"
    id = db.Column(db.Integer, primary_key=True)
    worker = db.Column(db.Integer, nullable=False)
    count = db.Column(db.Integer, nullable=False)
    good_id = db.Column(db.ForeignKey("goods.id"), nullable=False)
    good = db.relationship("Good", back_populates="orders")


@app.post("/orders")
def order():
    """Takes what is there; the rest of the order is a savepoint that is taken back."""
    wanted = request.get_json()
    taken = []
    for line in wanted["lines"]:
        try:
            with db.session.begin_nested():
                good = db.session.execute(db.select(Good).filter_by(id=line["good"]).with_for_update()).scalar_one()
                good.stock -= line["count"]
                db.session.add(Order(worker=wanted["worker"], good=good, count=line["count"]))
            taken.append(line["good"])
        except IntegrityError:
            pass
    db.session.commit()
    return jsonify(taken)


@app.post("/goods")
def add_good():
    try:
        db.session.add(Good(**request.get_json()))
        db.session.commit()
    except IntegrityError as error:
        db.session.rollback()
        return jsonify(error.orig.pgcode), 409
    return jsonify("added"), 201


@app.get("/goods/<int:number>")
def show_good(number):
    good = db.get_or_404(Good, number)
    return jsonify(good.name)


@app.get("/orders/<int:worker>")
def orders(worker):
    """As many rows as it takes, a few at a time: a cursor of the server."""
    query = db.select(Order).filter_by(worker=worker).order_by(Order.id).execution_options(yield_per=10)
    return jsonify([[each.good_id, each.count] for each in db.session.execute(query).scalars()])


@app.get("/slow")
def slow():
    """A report that may not take longer than this."""
    try:
        db.session.execute(text("SET LOCAL statement_timeout = '100 ms'"))
        db.session.execute(text("SELECT pg_sleep(60)"))
    except OperationalError as error:
        db.session.rollback()
        return jsonify(error.orig.pgcode), 503
    return jsonify("done")


def own_settings(dbapi_connection, _):
    """As SQLAlchemy's documentation shows it: what each new connection is told first."""
    with dbapi_connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = %s", (20_000 + int(os.environ["WORKER"]),))
        cursor.execute("SET work_mem = '%s MB'", (10 + int(os.environ["WORKER"]),))
        cursor.execute("SET TIME ZONE 'Asia/Kathmandu'")
    dbapi_connection.commit()


with app.app_context():
    event.listen(db.engine, "connect", own_settings)
