<?php
// How a worker says what it found: JSON, a line for each check; where it meets the others, it waits for a line until all are there.

function check(string $name, callable $act): void
{
    if (!in_array($name, explode(' ', getenv('CHECKS')), true)) {
        return;
    }
    try {
        say(['check' => $name, 'value' => $act()]);
    } catch (Throwable $error) {
        say(['check' => $name, 'failure' => (string) $error]);
    }
}

function meet(string $name): void
{
    say(['meet' => $name]);
    if (fgets(STDIN) === false) {
        exit(1);
    }
}

function say(array $what): void
{
    fwrite(STDOUT, json_encode($what, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES) . "\n");
}
