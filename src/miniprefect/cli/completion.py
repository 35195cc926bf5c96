"""`miniprefect completion`: have a shell complete the commands and options, made from the parser itself."""

import argparse
from collections.abc import Iterator

from miniprefect.cli._parser import Parser

_SHELL_CODE = """\
_miniprefect() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" before="" command="" i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$command ${{COMP_WORDS[i]}}" in
            {commands}) command="$command ${{COMP_WORDS[i]}}" ;;
        esac
        before="${{COMP_WORDS[i]}}"
    done
    case "$command $before" in
{values}
    esac
    if [[ "$current" != -* ]]; then
        case "$command" in
{words}
            *) COMPREPLY=($(compgen -f -- "$current")) ;;
        esac
        return
    fi
    case "$command" in
{options}
    esac
}}
complete -o filenames -F _miniprefect miniprefect
"""
_ZSH_FIRST = "autoload -Uz compinit bashcompinit\n(( $+functions[compdef] )) || compinit\nbashcompinit\n"
_FILES = 'COMPREPLY=($(compgen -f -- "$current"))'


def add_parser(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "completion",
        help="print what a shell needs to complete commands and options",
        description="Print code for a shell. For bash, write `source <(miniprefect completion bash)` into ~/.bashrc; "
        "for zsh, `source <(miniprefect completion zsh)` into ~/.zshrc.",
    )
    parser.add_argument("shell", choices=("bash", "zsh"))
    parser.set_defaults(work=work, parser=parser, commands=commands)


def work(arguments: argparse.Namespace) -> int:
    """Print the code."""
    code = shell_code(dict(_parsers("", arguments.commands)))
    print((_ZSH_FIRST if arguments.shell == "zsh" else "") + code, end="")
    return 0


def _parsers(path: str, commands: "argparse._SubParsersAction[Parser]") -> Iterator[tuple[str, Parser]]:
    """Yield the parser of each command, with its path such as " run", and before all that of the program, as ""."""
    for name, parser in commands.choices.items():
        yield f"{path} {name}", parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                yield from _parsers(f"{path} {name}", action)


def shell_code(parsers: dict[str, Parser]) -> str:
    """Return the completion function for the commands in `parsers`, which are called by their paths."""
    children: dict[str, list[str]] = {}
    for path in parsers:
        above, _, name = path.rpartition(" ")
        children.setdefault(above, []).append(name)
    words = [f'"{path}") {_choose(names)} ;;' for path, names in children.items()]
    options = [f'"") {_choose(["--help", "--version"])} ;;']
    values: list[str] = []
    for path, parser in parsers.items():
        names = [name for action in parser._actions for name in action.option_strings]
        options.append(f'"{path}") {_choose(names)} ;;')
        values.extend(_values(path, parser))
        words.extend(f'"{path}") {_choose(list(a.choices or ()))} ;;' for a in _chosen_from(parser))
    commands = "|".join(f'"{path}"' for path in parsers)
    return _SHELL_CODE.format(
        commands=commands, values=_lines(values, 8), words=_lines(words, 12), options=_lines(options, 8)
    )


def _values(path: str, parser: Parser) -> Iterator[str]:
    """Yield how to complete what follows an option."""
    for action in parser._actions:
        if action.option_strings and action.nargs != 0:
            patterns = "|".join(f'"{path} {name}"' for name in action.option_strings)
            yield f"{patterns}) {_value(action)}; return ;;"


def _value(action: argparse.Action) -> str:
    if action.choices is not None:
        return _choose(list(action.choices))
    metavar = str(action.metavar)
    if metavar == "FILE":
        return _FILES
    return _choose(metavar.partition("[")[0].split("|")) if "|" in metavar else ":"


def _chosen_from(parser: Parser) -> Iterator[argparse.Action]:
    """Yield the arguments without a dash that are words of a list."""
    for action in parser._actions:
        if not action.option_strings and action.choices and not isinstance(action, argparse._SubParsersAction):
            yield action


def _choose(words: list[str]) -> str:
    return f'COMPREPLY=($(compgen -W "{" ".join(words)}" -- "$current"))'


def _lines(lines: list[str], indent: int) -> str:
    return "\n".join(" " * indent + line for line in lines)
