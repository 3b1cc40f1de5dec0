#!/usr/bin/env python3
"""Writes chat_cases.json: templates in the shapes that published models use, and snippets of the language, each with what Jinja2 makes of
it under the settings of Transformers (trim_blocks, lstrip_blocks, loop controls, sandbox). Needs jinja2; run again only to add cases."""
import json
import os

from jinja2.exceptions import TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = os.path.dirname(os.path.abspath(__file__))


def refuse(message):
    raise TemplateError(message)


environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
environment.filters["tojson"] = lambda x, ensure_ascii=False, indent=None: json.dumps(x, ensure_ascii=ensure_ascii, indent=indent)
environment.globals["raise_exception"] = refuse

CHATML = "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"

DEFAULT_SYSTEM = """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You help with tools.' }}
    {%- endif %}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "<|im_end|>\\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}{%- set tool_call = tool_call.function %}{%- endif %}
            {{- '\\n{"name": "' + tool_call.name + '", "arguments": ' + tool_call.arguments | tojson + '}' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- message.content }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

HEADERS = """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- The system message comes first. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}

{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Environment: ipython\\n" }}
    {{- "Tools: " + builtin_tools | reject('equalto', 'code') | join(", ") + "\\n\\n"}}
{%- endif %}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}

{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("One tool call at once!") }}
        {%- endif %}
        {%- for arg_name, arg_val in message.tool_calls[0].arguments.items() %}
            {{- arg_name + '="' + arg_val + '"' }}
            {%- if not loop.last %}{{- ", " }}{%- endif %}
        {%- endfor %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

INSTRUCTION = """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set ns = namespace(turns=0) %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if (message["role"] == "user") != (loop.index0 % 2 == 0) %}
        {{- raise_exception("Roles must alternate user/assistant/user/assistant/...") }}
    {%- endif %}
    {%- if message["role"] == "user" %}
        {%- set ns.turns = ns.turns + 1 %}
        {%- if loop.first and system_message is defined %}
            {{- " [INST] " + system_message + "\\n\\n" + message["content"] + " [/INST]" }}
        {%- else %}
            {{- " [INST] " + message["content"] + " [/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token }}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are known, not " ~ message["role"] ~ "!") }}
    {%- endif %}
{%- endfor %}
"""

THINKING = """{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool>') and message.content.endswith('</tool>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = message.content if message.content is string else '' %}
    {%- if message.role == "assistant" %}
        {%- set thought = '' %}
        {%- if '</think>' in content %}
            {%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index and (loop.last or thought) %}
            {{- '<|im_start|>assistant\\n<think>\\n' + thought.strip('\\n') + '\\n</think>\\n\\n' + content }}
        {%- else %}
            {{- '<|im_start|>assistant\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}"""

PLAIN = """{% for message in messages %}
{% if message['role'] == 'user' %}
### User:
{{ message['content'] }}
{% elif message['role'] == 'assistant' %}
### Assistant:
{{ message['content'] }}{{ eos_token }}
{% else %}
{{ message['content'] }}

{% endif %}
{% endfor %}
{% if add_generation_prompt %}
### Assistant:
{% endif %}"""

MACRO = """{%- macro turn(role, text, end='<|im_end|>') -%}
    <|im_start|>{{ role }}
{{ text }}{{ end }}
{% endmacro -%}
{%- for m in messages -%}
    {{- turn(m.role, m.content) -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ turn('assistant', '', end='')[:22] }}{%- endif -%}"""

SNIPPETS = [
    "a\n  {% if true %}\n  b\n  {% endif %}\n c\n", "  {%- if true -%}  x  {%- endif -%}  y", "x {%+ if true %} y\n{% endif +%}\nz", "{# one #}\nx {#- two -#} y\n",
    "  {# c #}\n  {{ 1 }}\n  {% set a = 2 %}\n  {{ a }}", "{{ 1 + 2 * 3 - 4 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 2.5 * 2 }} {{ 7 % 2.5 }}",
    "{{ 'a' ~ 1 ~ none ~ true }} {{ 'ab' * 3 }} {{ [1, 2] + [3] }} {{ {'a': [1, 'x', none, 1.5]} }}",
    "{{ not true or 1 == 1 and 'a' in 'cat' }} {{ 3 not in [1, 2] }} {{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 'b' > 'a' }}",
    "{{ 'yes' if x is defined else 'no' }}{{ 'never' if false }}{{ x }}{{ x|default('d') }}{{ ''|default('e', true) }}",
    "{% for c in 'héé😀' %}{{ loop.index }}{{ c }}{{ loop.revindex0 }}{% if not loop.last %},{% endif %}{% endfor %} {{ 'a😀b'[1] }} {{ 'a😀b'[::-1] }} {{ 'a😀b'|length }}",
    "{% for x in [] %}a{% else %}none{% endfor %}{% for i in range(10) if i % 3 == 0 %}{{ i }}{{ '' if loop.last else '-' }}{% endfor %}",
    "{% for i in range(9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}{% set p, q = 1, 'z' %}{{ p }}{{ q }}",
    "{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + i %}{% endfor %}{{ x }}{% set ns = namespace(x=1) %}{% for i in [1, 2] %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}",
    "{{ '  a b '|trim }}|{{ ' x '.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ 'xxaxx'.lstrip('x') }}|{{ 'xxaxx'.rstrip('x') }}",
    "{{ 'a,b,,c'.split(',') }}{{ ' a  b '.split() }}{{ 'a,b,c'.split(',', 1) }}{{ 'a,b,c'.split(',')[-1] }}{{ 'aXbX'.replace('X', 'yy') }}",
    "{{ 'Ab c'|upper }}{{ 'Ab c'|lower }}{{ 'ab c'|title }}{{ 'aB c'|capitalize }}{{ [1, 2, 3]|join('-') }}{{ [3, 1]|first }}{{ [3, 1]|last }}",
    "{{ [1, 'é\"\\n', {'k': none, 'l': [true, 1.0]}]|tojson }}\n{{ {'a': [1, {'b': []}]}|tojson(indent=2) }}",
    "{{ [0, 1, 2, 3, 4][1:3] }}{{ [0, 1, 2, 3, 4][-2:] }}{{ [0, 1, 2, 3, 4][::2] }}{{ [0, 1, 2, 3, 4][3:0:-1] }}{{ 'hello'[1:-1] }}{{ 'abc'[5:] }}",
    "{{ [{'r': 'a', 'n': 1}, {'r': 'b', 'n': 2}]|selectattr('r', 'equalto', 'b')|map(attribute='n')|list }}{{ ['a', 'b']|reject('equalto', 'a')|list }}",
    "{{ 5 is divisibleby 5 }}{{ 4 is even }}{{ none is none }}{{ 'a' is string }}{{ {} is mapping }}{{ [] is iterable }}{{ 1 is number }}{{ x is not defined }}{{ not x is defined }}",
    "{% set block %}\n  in {{ 1 + 1 }}\n{% endset %}[{{ block }}]{% if 'a' 'b' == 'ab' %}joined{% endif %}{{ 'q\\'\\\\\\x41\\u00e9\\q' }}",
    "{{ ['a']|string }}{{ ['it\\'s', \"q\"] }}{{ (1, 2)[0] }}{{ {'a': {'b': 'c'}}.a.b }}{{ {'a': 1}['a'] }}{{ '12'|int + 1 }}{{ 'x'|int(7) }}",
    "{% if messages and messages[0].role == 'user' -%}\n   first\n{%- elif false %}b{% else %}c{% endif %}\n\n", "{{ messages|length }}{{ messages[0] }}{{ messages[-1]['content'][:3] }}",
    "{% for m in messages if m.role != 'system' %}{{ loop.previtem.role if loop.previtem is defined }}>{{ m.role }} {% endfor %}", "{{ '}}' }}{{ '%}' }}{{ {'a': {}} }} {% if '{{' %}x{% endif %}",
    "{{ raise_exception('stop: ' ~ messages|length) }}", "{{ missing.member }}", "{{ 1 + 'a' }}", "{{ nothing() }}", "{{ 1 // 0 }}", "{{ 3 in 5 }}", "{% for a, b in [1] %}{% endfor %}",
]

CONVERSATIONS = [
    [{"role": "user", "content": "Hi"}],
    [{"role": "user", "content": " Hi \n"}, {"role": "assistant", "content": "Hello!\n"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "<think>\nadd\n</think>\n\n2"}, {"role": "user", "content": "ünd 2+2? 😀"}, {"role": "assistant", "content": "4"}],
    [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}],
]


def render(template, messages, add_generation_prompt):
    try:
        return environment.from_string(template).render(
            messages=messages, add_generation_prompt=add_generation_prompt, tools=None, documents=None, bos_token="<s>", eos_token="</s>")
    except (TemplateError, TypeError, ValueError, ZeroDivisionError):
        return None


named = {"chatml": CHATML, "default-system": DEFAULT_SYSTEM, "headers": HEADERS, "instruction": INSTRUCTION, "thinking": THINKING, "plain": PLAIN, "macro": MACRO}
named.update({f"snippet-{index}": snippet for index, snippet in enumerate(SNIPPETS)})
cases = []
for name, template in named.items():
    for messages in CONVERSATIONS if not name.startswith("snippet") else CONVERSATIONS[2:3]:
        for prompt in (False, True) if not name.startswith("snippet") else (False,):
            cases.append({"name": name, "messages": messages, "add_generation_prompt": prompt, "text": render(template, messages, prompt)})
with open(os.path.join(HERE, "chat_cases.json"), "w", encoding="utf-8", newline="\n") as out:
    json.dump({"templates": named, "cases": cases}, out, ensure_ascii=False, indent=1)
    out.write("\n")
