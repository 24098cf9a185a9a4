# Copyright: the pxcloud.pve contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that people write for the playbooks: read so that every mistake is a sentence with file, line and key.

YAML is read more narrowly than Ansible reads it elsewhere. A key that is there twice is a mistake, since one of the two would be lost. What YAML 1.1 takes
for octal, base 60 or a date is the text that stands there. Nothing is a template.
"""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import difflib
import json
import re

import yaml

# The one in C, where PyYAML was built with it.
YamlLoader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)

MAX_BYTES = 4 << 20
MAX_DEPTH = 40
# Values, once aliases are followed: a few lines of aliases of aliases could mean millions.
MAX_VALUES = 200000
MAX_SHOWN = 60
# More than these help nobody.
MAX_PROBLEMS = 50

YAML_TAG = 'tag:yaml.org,2002:'
INTEGER = re.compile(r'[-+]?(0|[1-9][0-9]{0,17})\Z')
NUMBER = re.compile(r'[-+]?(0|[1-9][0-9]{0,17})\.[0-9]+\Z')
UNREADABLE = re.compile('[^\x09\x0a\x0d\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]')
SECRET_KEY = re.compile(r'pass|secret|token|private|user_data', re.I)
WORDS = {'string': 'a text', 'integer': 'an integer', 'number': 'a number', 'boolean': 'true or false', 'array': 'a list', 'object': 'a dict',
         'null': 'nothing'}


class Unfit(Exception):
    """What is wrong with a file: sentences, each with file, line and key."""

    def __init__(self, sentences):
        super(Unfit, self).__init__('\n'.join(sentences))
        self.sentences = sentences


class _Stop(Exception):
    def __init__(self, line, text, path=()):
        super(_Stop, self).__init__(text)
        self.line, self.text, self.path = line, text, path


def key_of(path):
    """('vms', 2, 'name') as people write it: vms[2].name"""
    text = ''
    for part in path:
        text += '[%d]' % part if isinstance(part, int) else ('.' if text else '') + part
    return text


class Declared(object):
    """One file. value is what it says; lines has the line of every key and entry by its path; secret holds the paths that came out of a vault."""

    def __init__(self, data, name, decrypt=None, hidden=False):
        """DATA are the bytes of the file, NAME is what sentences call it, DECRYPT makes bytes of a vault's text; HIDDEN: no value is ever shown."""
        self.name, self.decrypt, self.hidden = name, decrypt, hidden
        self.lines, self.secret, self.problems, self.count = {}, set(), [], 0
        self.value = None
        try:
            self.value = self._build(self._compose(self._text(data)), (), 0)
        except _Stop as e:
            self._problem(e.line, e.path, e.text)
        self._raise()

    def check(self, schema, validator):
        """VALIDATOR is jsonschema's class for the draft that SCHEMA, a dict, is written in."""
        found = set()
        for error in validator(schema).iter_errors(self.value):
            for path, text in self._explain(error):
                found.add((self.line(path), key_of(path), text))
        for path, text in self._twice():
            found.add((self.line(path), key_of(path), text))
        self.problems = sorted(found)
        self._raise()

    def line(self, path):
        """Of a path, or of the nearest that holds it."""
        path = tuple(path)
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def holds_secrets(self):
        return self.hidden or bool(self.secret) or any(SECRET_KEY.search(path[-1]) for path in self.lines if path and not isinstance(path[-1], int))

    def _problem(self, line, path, text):
        self.problems.append((line, key_of(path), text))

    def _raise(self):
        if not self.problems:
            return
        sentences = ['%s:%d: %s%s' % (self.name, line, key + ': ' if key else '', text) for line, key, text in self.problems[:MAX_PROBLEMS]]
        if len(self.problems) > MAX_PROBLEMS:
            sentences.append('%s: and %d more' % (self.name, len(self.problems) - MAX_PROBLEMS))
        raise Unfit(sentences)

    # From bytes to nodes.

    @staticmethod
    def _text(data):
        if len(data) > MAX_BYTES:
            raise _Stop(1, 'the file is larger than %d MiB' % (MAX_BYTES >> 20))
        try:
            text = data.decode('utf-8-sig')
        except UnicodeDecodeError as e:
            raise _Stop(data.count(b'\n', 0, e.start) + 1, 'byte 0x%02x is not UTF-8' % bytearray(data)[e.start]) from None
        bad = UNREADABLE.search(text)
        if bad:
            raise _Stop(text.count('\n', 0, bad.start()) + 1, 'character U+%04X is not allowed in YAML' % ord(bad.group()))
        return text

    def _compose(self, text):
        try:
            self._look_over(text)
            node = yaml.compose(text, YamlLoader)
        except yaml.MarkedYAMLError as e:
            mark = e.problem_mark or e.context_mark
            problem = e.problem or e.context or 'is no YAML'
            if mark and re.match(r'(.*\n){%d} *\t' % mark.line, text):
                problem = 'a tab; YAML is indented with blanks'
            elif self.hidden:
                problem = 'is no YAML'
            raise _Stop(mark.line + 1 if mark else 1, problem) from None
        except (yaml.YAMLError, ValueError, OverflowError):
            raise _Stop(1, 'is no YAML') from None
        if node is None:
            raise _Stop(1, 'the file is empty')
        return node

    @staticmethod
    def _look_over(text):
        """Before anything recursive sees it."""
        depth = documents = 0
        for event in yaml.parse(text, YamlLoader):
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Stop(line, 'a second document begins here; the file must have one')
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH:
                raise _Stop(line, 'nested more than %d deep' % MAX_DEPTH)

    # From nodes to values.

    def _build(self, node, path, depth):
        self.count += 1
        self.lines.setdefault(path, node.start_mark.line + 1)
        if self.count > MAX_VALUES:
            raise _Stop(node.start_mark.line + 1, 'means more than %d values, by its aliases' % MAX_VALUES)
        if depth > MAX_DEPTH:
            raise _Stop(node.start_mark.line + 1, 'nested more than %d deep, by its aliases' % MAX_DEPTH)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        plain = 'seq' if isinstance(node, yaml.SequenceNode) else 'map'
        if node.tag != YAML_TAG + plain:
            raise _Stop(node.start_mark.line + 1, 'the tag %s is not taken here' % short_tag(node.tag), path)
        if plain == 'map':
            return self._mapping(node, path, depth)
        return [self._build(entry, path + (i,), depth + 1) for i, entry in enumerate(node.value)]

    def _mapping(self, node, path, depth):
        value, own = {}, {}
        for key_node, _value in node.value:
            key, line = self._key(key_node, path)
            if key in own:
                self._problem(line, path + (key,), 'is there twice, first in line %d' % own[key])
                continue
            own[key] = line
        for key_node, value_node in self._merged(node, path, depth):
            key, line = self._key(key_node, path)
            if key in value:
                continue
            self.lines[path + (key,)] = line
            value[key] = self._build(value_node, path + (key,), depth + 1)
        return value

    def _merged(self, node, path, depth):
        """Its own entries, then those that it takes over by "<<"; the first of a name counts."""
        own, others = [], []
        if depth > MAX_DEPTH:
            raise _Stop(node.start_mark.line + 1, 'nested more than %d deep, by its aliases' % MAX_DEPTH)
        for key_node, value_node in node.value:
            if key_node.tag != YAML_TAG + 'merge':
                own.append((key_node, value_node))
                continue
            for other in value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]:
                if not isinstance(other, yaml.MappingNode):
                    raise _Stop(key_node.start_mark.line + 1, '<< takes a dict, or a list of them', path)
                others.extend(self._merged(other, path, depth + 1))
                self.count += len(others)
                if self.count > MAX_VALUES:
                    raise _Stop(key_node.start_mark.line + 1, 'means more than %d values, by its aliases' % MAX_VALUES, path)
        return own + others

    def _key(self, node, path):
        line = node.start_mark.line + 1
        if not isinstance(node, yaml.ScalarNode):
            raise _Stop(line, 'a key must be a word', path)
        if node.tag == YAML_TAG + 'merge':
            return '<<', line
        key = self._scalar(node, path)
        # yes, on and 8080 are keys like others, as they stand there.
        return key if isinstance(key, str) else node.value, line

    def _scalar(self, node, path):
        kind, text = short_tag(node.tag), node.value
        if kind in ('!vault', '!vault-encrypted'):
            self.secret.add(path)
            return self._decrypted(node, path)
        if kind == 'null':
            return None
        if kind == 'bool':
            return text.lower() in ('yes', 'true', 'on')
        if kind == 'int' and INTEGER.match(text):
            return int(text)
        if kind == 'float' and NUMBER.match(text):
            return float(text)
        if kind in ('str', 'int', 'float', 'timestamp', 'value', 'merge', '!unsafe'):
            return text
        raise _Stop(node.start_mark.line + 1, 'the tag %s is not taken here' % kind, path)

    def _decrypted(self, node, path):
        line = node.start_mark.line + 1
        if self.decrypt is None:
            raise _Stop(line, 'is encrypted, and nothing here decrypts', path)
        try:
            return self.decrypt(node.value.strip().encode('utf-8')).decode('utf-8')
        except Exception as e:  # whatever is wrong with a vault, its text must not be shown
            raise _Stop(line, 'cannot be decrypted: %s' % vault_reason(e), path) from None

    # From what the schema says to sentences.

    def _shown(self, path, value, schema):
        path = tuple(path)
        if isinstance(value, (dict, list)):
            return WORDS['object' if isinstance(value, dict) else 'array']
        if self.hidden or schema.get('writeOnly') or any(p in self.secret for p in (path[:i] for i in range(len(path) + 1))) \
                or any(SECRET_KEY.search(p) for p in path if not isinstance(p, int)):
            return '********'
        text = json.dumps(value) if not isinstance(value, str) else "'%s'" % ascii_of(value)
        return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN - 3] + '...'

    def _explain(self, error):
        """(path, sentence) of each thing that an error of jsonschema is about."""
        path, kind, want, value, schema = tuple(error.absolute_path), error.validator, error.validator_value, error.instance, error.schema
        shown = self._shown(path, value, schema)
        if kind == 'additionalProperties':
            known = sorted(schema.get('properties', {}))
            return [(path + (key,), 'unknown key' + meant(key, known)) for key in value if key not in known]
        if kind == 'required':
            return [(path, '%s is missing' % key) for key in want if key not in value]
        if kind == 'type':
            return [(path, unlike(value, shown, [want] if not isinstance(want, list) else want, 'pattern' in schema))]
        if kind == 'enum':
            words = [w if isinstance(w, str) else json.dumps(w) for w in want]
            guess = meant(value, words) if isinstance(value, str) and '*' not in shown else ''
            return [(path, '%s is none of %s%s' % (shown, ', '.join(words), guess))]
        if kind == 'pattern':
            size = isinstance(schema.get('type'), list)
            return [(path, shown + (' is no size, such as 512M or 4G' if size else ' does not fit %s' % want))]
        if kind == 'maxLength':
            return [(path, 'is longer than %d characters' % want)]
        if kind == 'not':
            return [(path, '%s exclude each other' % ' and '.join(want['required']))]
        if kind == 'anyOf':
            return [(path, 'one of %s is missing' % ', '.join(name for part in want for name in part['required']))]
        return [(path, '%s does not fit the schema (%s)' % (shown, kind))]

    def _twice(self):
        """Two entries of one name in a list: one of them would be lost."""
        for key, entries in (self.value.items() if isinstance(self.value, dict) else ()):
            seen = {}
            for i, entry in enumerate(entries if isinstance(entries, list) else ()):
                if not isinstance(entry, dict) or 'name' not in entry:
                    continue
                name = (json.dumps(entry['name']).strip('"'), json.dumps(entry.get('version')))
                if name in seen:
                    yield (key, i, 'name'), 'the name is there twice, first in line %d' % self.line((key, seen[name], 'name'))
                seen.setdefault(name, i)


def ascii_of(text):
    """On one line, whatever it holds."""
    return json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"')


def short_tag(tag):
    return tag[len(YAML_TAG):] if tag.startswith(YAML_TAG) else tag


def meant(word, known):
    close = difflib.get_close_matches(word, known, 1)
    return ', did you mean %s?' % close[0] if close else ''


def unlike(value, shown, kinds, size):
    """The value is of no kind that is wanted."""
    want = 'a size, such as 512M or 4G' if size and 'number' in kinds else WORDS[kinds[0]]
    if value is None:
        return 'has no value, it must be %s' % want
    if kinds[0] == 'string' and isinstance(value, (bool, float)):
        return '%s is not a text here; put it in quotes' % shown
    return '%s is not %s' % (shown, want)


def vault_reason(error):
    text = str(error).splitlines()[0] if str(error) else ''
    if re.search(r'no vault secrets found|password must be specified|no vault secrets were found$', text, re.I):
        return 'no vault password was given (--ask-vault-pass, --vault-id)'
    return 'the vault password does not fit, or the text is damaged'
