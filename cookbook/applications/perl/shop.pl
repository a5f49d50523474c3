#!/usr/bin/perl
# A worker of a shop on DBI and DBD::Pg with their defaults: it migrates, sells, stocks, and tells the next one.
#
# It says what it found as JSON, a line for each check; where it says `meet`, it waits for a line until all workers are there.

use strict;
use warnings;
use DBI;
use JSON::PP;
use Time::HiRes qw(sleep time);

my $ROUNDS = 10;
my ($me, $workers) = @ENV{qw(WORKER WORKERS)};
my %wanted = map { $_ => 1 } split ' ', $ENV{CHECKS};
my $json = JSON::PP->new->canonical->allow_nonref;
$| = 1;

# The rest is in DBI_DSN, DBI_USER and DBI_PASS, where DBI looks by itself.
my $db = DBI->connect(undef, undef, undef, { RaiseError => 1, PrintError => 0, AutoCommit => 1 });
check(tables                   => \&tables);
check(migrations               => \&migrations);
check(statements               => \&statements);
check(settings                 => \&settings);
check(statements_of_sql        => \&prepare);
check(locks_of_the_session     => \&locks);
check(temporary_tables         => \&temporary);
check(cursors_that_are_held    => \&cursors);
check(copy                     => \&copy);
check(notifications            => \&notifications);
check(orders_and_their_numbers => \&orders);
check(what_is_left             => \&report);
meet('end');
$db->disconnect;

sub check {
    my ($name, $act) = @_;
    return if !$wanted{$name};
    my @found = eval { $act->() };
    my $failure = $@;
    say_json($failure eq '' ? { check => $name, value => \@found } : { check => $name, failure => "$failure" });
    $db->rollback if !$db->{AutoCommit};
    return;
}

sub meet { say_json({ meet => shift }); return scalar <STDIN> }
sub say_json { print $json->encode(shift), "\n"; return }

# The first column of the first row.
sub value { my ($sql, @values) = @_; return scalar $db->selectrow_array($sql, undef, @values) }

# Whoever is first makes them; the others wait for the lock of its transaction.
sub tables {
    $db->begin_work;
    value('SELECT pg_advisory_xact_lock(4711)');
    if (!value("SELECT to_regclass('orders') IS NOT NULL")) {
        $db->do('CREATE TABLE counter (n int NOT NULL)');
        $db->do('INSERT INTO counter VALUES (0)');
        $db->do('CREATE TABLE stock (id int PRIMARY KEY, name text NOT NULL, price numeric NOT NULL)');
        $db->do("INSERT INTO stock SELECT i, 'thing ' || i, i * 1.5 FROM generate_series(1, 100) AS i");
        $db->do('CREATE TABLE deliveries (who int NOT NULL, thing text NOT NULL)');
        $db->do('CREATE TABLE orders (id serial PRIMARY KEY, who int NOT NULL, note text)');
    }
    $db->commit;
    return value('SELECT count(*) FROM stock');
}

# The same with the lock of a session, over several transactions, and a temporary table on the way.
sub migrations {
    value('SELECT pg_advisory_lock(4712)');
    if (!value("SELECT to_regclass('prices') IS NOT NULL")) {
        $db->do('CREATE TEMPORARY TABLE old AS SELECT id, price FROM stock');
        $db->do('UPDATE old SET price = price * 1.19');
        $db->do('CREATE TABLE prices AS SELECT * FROM old');
        $db->do('DROP TABLE old');
    }
    my $unlocked = value('SELECT pg_advisory_unlock(4712)');
    return ("unlocked $unlocked", value('SELECT count(*) FROM prices'));
}

# DBD::Pg prepares on the server when a handle is executed for the second time.
sub statements {
    my $price = $db->prepare('SELECT price FROM stock WHERE id = ?');
    my $named = $db->prepare('SELECT count(*) FROM stock WHERE name LIKE $1 AND id > $2');
    my ($sum, $count) = (0, 0);
    for my $round (1 .. $ROUNDS) {
        $price->execute($me * $ROUNDS + $round);
        $sum += $price->fetchrow_array;
        $named->execute("thing $round%", $me);
        $count += $named->fetchrow_array;
        # One that lives for a moment only: the driver deallocates it.
        my $once = $db->prepare('SELECT ?::int + ?::int');
        $once->execute($round, $_) for 1 .. 3;
        $sum += ($once->fetchrow_array)[0];
    }
    return ("sum $sum", "count $count", $price->{pg_prepare_name} =~ s/\d+/N/gr);
}

sub settings {
    my @seen;
    $db->do('SET work_mem TO ' . (1000 + $me));
    $db->do("SET TIME ZONE 'Etc/GMT-$me'");
    $db->do(qq(SET search_path TO "own $me", public));
    $db->do("SET shop.worker = 'it''s $me'");
    for my $round (1 .. $ROUNDS) {
        $db->begin_work;
        $db->do("SET LOCAL statement_timeout = ${\(5000 + $me)}");
        $db->do('SET lock_timeout = 1234');
        push @seen, value('SHOW statement_timeout') . '/' . value('SHOW lock_timeout');
        $db->rollback;
        my @now = map { value("SHOW $_") } qw(work_mem TimeZone search_path shop.worker statement_timeout lock_timeout);
        push @seen, join ' ', @now;
    }
    $db->do('RESET work_mem');
    push @seen, value('SHOW work_mem');
    $db->do('RESET ALL');
    my %different = map { $_ => 1 } @seen;
    return (sort(keys %different), value('SHOW search_path'));
}

# PREPARE in SQL, under a name that all the others use as well.
sub prepare {
    my $sum = 0;
    $db->do("PREPARE discount (int) AS SELECT \$1 * $me + 1");
    $sum += value("EXECUTE discount($_)") for 1 .. $ROUNDS;
    my $again = eval { $db->do('PREPARE discount AS SELECT 1'); 1 } ? 'taken twice' : $db->state;
    $db->do('DEALLOCATE discount');
    my $gone = eval { value('EXECUTE discount(1)'); 1 } ? 'still there' : $db->state;
    return ("sum $sum", "again $again", "gone $gone");
}

# Only the lock of the session keeps them from losing one another's counts: reading and writing are transactions of their own.
sub locks {
    my $unlocked = 0;
    for (1 .. $ROUNDS) {
        value('SELECT pg_advisory_lock(?, ?)', 1, 2);
        my $n = value('SELECT n FROM counter');
        $db->do('UPDATE counter SET n = ?', undef, $n + 1);
        $unlocked += value('SELECT pg_advisory_unlock(?, ?)', 1, 2);
    }
    my @held = map { value('SELECT pg_try_advisory_lock(?)', 100 * $me + $_) } 1 .. 2;
    my $mine = value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()");
    value('SELECT pg_advisory_unlock_all()');
    return ("unlocked $unlocked", "held @held", "mine $mine");
}

sub temporary {
    my @sums;
    for my $round (1 .. 3) {
        $db->do('CREATE TEMPORARY TABLE basket (id int, n int)');
        my $add = $db->prepare('INSERT INTO basket VALUES (?, ?)');
        $add->execute($_, $me) for 1 .. $ROUNDS;
        push @sums, value('SELECT sum(id * n) FROM basket');
        push @sums, value('SELECT count(*) FROM basket JOIN stock USING (id)');
        $db->do('DROP TABLE basket');
    }
    return @sums;
}

# A cursor that outlives its transaction, read in pieces.
sub cursors {
    my @pieces;
    $db->begin_work;
    $db->do("DECLARE things CURSOR WITH HOLD FOR SELECT name FROM stock WHERE id > $me ORDER BY id");
    $db->commit;
    for (1 .. 4) {
        my $names = $db->selectcol_arrayref('FETCH 7 FROM things');
        push @pieces, "$names->[0] to $names->[-1]";
    }
    $db->do('CLOSE things');
    my $gone = eval { $db->selectcol_arrayref('FETCH 1 FROM things'); 1 } ? 'still there' : $db->state;
    return (@pieces, "closed $gone");
}

sub copy {
    $db->do('COPY deliveries FROM STDIN');
    $db->pg_putcopydata("$me\tthing $_\n") for 1 .. 500;
    $db->pg_putcopyend;
    $db->do("COPY (SELECT thing FROM deliveries WHERE who = $me ORDER BY length(thing), thing) TO STDOUT");
    my ($row, @rows) = ('');
    push @rows, $row =~ s/\n//r while $db->pg_getcopydata($row) >= 0;
    $db->do('COPY deliveries FROM STDIN');
    $db->pg_putcopydata("not a number\tthing\n");
    my $bad = eval { $db->pg_putcopyend; 1 } ? 'taken' : $db->state;
    return (scalar(@rows), "$rows[0] to $rows[-1]", "bad $bad");
}

# Each is told by the one before it, on a channel of its own.
sub notifications {
    my $next = ($me + 1) % $workers;
    my ($heard, $sum, %channels) = (0, 0);
    $db->do(qq(LISTEN "told $me"));
    meet('notifications');
    value('SELECT pg_notify(?, ?)', "told $next", $_) for 1 .. $ROUNDS;
    my $until = time + 20;
    while (time < $until && $heard < $ROUNDS) {
        while (my $notify = $db->pg_notifies) {
            my ($channel, $pid, $payload) = @$notify;
            $channels{$channel}++;
            $sum += $payload;
            $heard++;
        }
        sleep 0.005;
    }
    $db->do('UNLISTEN *');
    return ("heard $heard", "sum $sum", keys %channels);
}

# last_insert_id() asks for the sequence's currval, in a statement of its own.
sub orders {
    my ($same, $failed) = (0, 0);
    for my $round (1 .. $ROUNDS) {
        $db->do('INSERT INTO orders (who, note) VALUES (?, ?)', undef, $me, "round $round");
        my $id = $db->last_insert_id(undef, undef, 'orders', undef);
        $same++ if value('SELECT who FROM orders WHERE id = ?', $id) == $me && value('SELECT lastval()') == $id;
        $db->begin_work;
        $db->do('UPDATE orders SET note = ? WHERE id = ?', undef, 'paid', $id);
        $db->pg_savepoint('before');
        $failed++ unless eval { $db->do('INSERT INTO orders (id, who) VALUES (?, ?)', undef, $id, $me); 1 };
        $db->pg_rollback_to('before');
        $db->pg_release('before');
        $round % 3 ? $db->commit : $db->rollback;
    }
    return ("same $same", "failed $failed");
}

sub report {
    meet('what_is_left');
    my $orders = $db->selectall_arrayref('SELECT note, count(*) FROM orders GROUP BY note ORDER BY note');
    return (
        'counter ' . value('SELECT n FROM counter'),
        'deliveries ' . value('SELECT count(*) FROM deliveries'),
        map { "$_->[0] $_->[1]" } @$orders,
    );
}
