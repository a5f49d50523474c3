"""SQLAlchemy on psycopg2 through the socket: its own pool on ours, the ORM, reflection, isolation levels, streaming."""

from checks import PATH, at_once, check, run
from sqlalchemy import Column, ForeignKey, Integer, String, create_engine, func, inspect, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, declarative_base, relationship

WORKERS = 8

# As an application has it: the socket's directory is the host of the query string.
url = URL.create(
    "postgresql+psycopg2",
    username=PATH["user"],
    password=PATH["password"],
    database=PATH["dbname"],
    query={"host": PATH["host"], "port": PATH["port"]},
)
engine = create_engine(url, pool_size=WORKERS, pool_pre_ping=True)
Base = declarative_base()


class Author(Base):
    __tablename__ = "author"
    id = Column(Integer, primary_key=True)
    name = Column(String, unique=True, nullable=False)
    books = relationship("Book", back_populates="author", cascade="all, delete-orphan")


class Book(Base):
    __tablename__ = "book"
    id = Column(Integer, primary_key=True)
    title = Column(String, nullable=False)
    author_id = Column(ForeignKey("author.id"), nullable=False)
    author = relationship("Author", back_populates="books")


@check
def create_and_reflect():
    Base.metadata.create_all(engine)
    inspector = inspect(engine)
    return {
        "tables": sorted(inspector.get_table_names()),
        "columns": [column["name"] for column in inspector.get_columns("book")],
        "keys": [key["referred_table"] for key in inspector.get_foreign_keys("book")],
    }


@check
def orm_of_many_workers():
    def work(who):
        for round in range(10):
            with Session(engine) as session:
                author = Author(name=f"author {who} {round}")
                author.books = [Book(title=f"book {n}") for n in range(3)]
                session.add(author)
                session.flush()
                with session.begin_nested() as savepoint:
                    session.add(Book(title="taken back", author=author))
                    session.flush()
                    savepoint.rollback()
                if round % 5 == 0:
                    session.rollback()
                else:
                    session.commit()

    at_once(WORKERS, work)
    with Session(engine) as session:
        authors = session.scalar(select(func.count(Author.id)))
        books = session.scalar(select(func.count(Book.id)))
        joined = session.execute(select(Book.title, Author.name).join(Author).where(Author.name == "author 3 4")).all()
        session.delete(session.scalars(select(Author).where(Author.name == "author 3 4")).one())
        session.commit()
        left = session.scalar(select(func.count(Book.id)))
    return {"authors": authors, "books": books, "joined": len(joined), "left": left}


@check
def errors_and_recovery():
    with Session(engine) as session:
        session.add_all([Author(name="same"), Author(name="same")])
        try:
            session.commit()
        except IntegrityError as error:
            code = error.orig.pgcode
        session.rollback()
        return [code, session.scalar(select(func.count(Author.id)).where(Author.name == "same"))]


@check
def isolation_levels():
    sql = text("SELECT current_setting('transaction_isolation')")
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as connection:
        strict = connection.scalar(sql)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SELECT 1"))
    with engine.connect() as connection:
        return [strict, connection.scalar(sql)]


@check
def streaming():
    with engine.connect().execution_options(stream_results=True, max_row_buffer=100) as connection:
        return sum(row.n for row in connection.execute(text("SELECT n FROM generate_series(1, 5000) AS n")))


@check
def drop():
    engine.dispose()
    Base.metadata.drop_all(engine)
    return inspect(engine).get_table_names()


run()
