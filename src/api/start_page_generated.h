// Made by tools/embed_web.py from web/start/; do not edit.
#pragma once

#include <string_view>

namespace siploom::api {

constexpr std::string_view kIndexHtml = R"siploom(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>siploom</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/start.css"><script src="/start.js" defer></script></head>
<body>
<header><b>siploom</b> <span id="health"></span> <button id="logout" hidden>Log out</button></header>
<main>
<form id="setup" hidden><h1>Make the first administrator</h1>
<p>The link with the token was printed when <code>siploom serve</code> started; it works once.</p>
<label>Token <input name="token" autocomplete="off" required></label>
<label>Name <input name="name" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="new-password" minlength="10" required></label>
<button>Make</button><p class="error" role="alert"></p></form>
<form id="login" hidden><h1>Log in</h1>
<label>Name <input name="name" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Log in</button><p class="error" role="alert"></p></form>
<section id="calls" hidden>
<form id="ask"><input name="filter" placeholder="status &gt;= 400 and src in 10.0.0.0/8" aria-label="Filter" spellcheck="false">
<select name="from" aria-label="Since"><option value="-15m">15 minutes</option><option value="-1h" selected>1 hour</option>
<option value="-1d">1 day</option><option value="-30d">30 days</option></select><button>Find</button></form>
<p class="error" role="alert"></p><p id="said"></p>
<div class="wide"><table><thead><tr><th>Start<th>State<th>Status<th>From<th>To<th>Source<th>Destination<th>Call-ID</tr></thead><tbody></tbody></table></div>
<pre id="ladder" tabindex="0" hidden></pre>
</section>
</main>
<footer><a href="/api/v1/openapi.json">API</a> &middot; <a href="/metrics">metrics</a></footer>
</body></html>
)siploom";

constexpr std::string_view kStartCss = R"siploom(:root{color-scheme:light dark}
body{font:15px/1.45 system-ui,sans-serif;margin:0}
header,footer{padding:.6rem 1rem;border-bottom:1px solid #8884}
footer{border:0;opacity:.7}main{padding:1rem;max-width:90rem}
#health.bad{color:#c22;font-weight:bold}#logout{float:right}
label{display:block;margin:.5rem 0}label input{display:block;width:22rem;max-width:100%}
input,select,button{font:inherit;padding:.3rem .5rem}
#ask{display:flex;gap:.5rem;flex-wrap:wrap}#ask input{flex:1 1 20rem;font-family:monospace}
.error{color:#c22;white-space:pre-wrap}.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:14px}th,td{text-align:left;padding:.2rem .7rem .2rem 0;white-space:nowrap}
tbody tr{cursor:pointer;border-top:1px solid #8883}tbody tr:hover,tbody tr:focus{background:#8882}
td:nth-child(8){max-width:18rem;overflow:hidden;text-overflow:ellipsis}
pre{font:13px/1.35 monospace;overflow:auto;border:1px solid #8884;padding:.7rem;max-height:70vh}
)siploom";

constexpr std::string_view kStartJs = R"siploom('use strict';
const $ = (s, r = document) => r.querySelector(s);
let csrf = '';
async function api(path, body) {
  const options = {headers: {'X-CSRF-Token': csrf}};
  if (body) { options.method = 'POST'; options.body = JSON.stringify(body); options.headers['Content-Type'] = 'application/json'; }
  const answer = await fetch('/api/v1/' + path, options);
  const text = await answer.text();
  let data = {};
  try { data = text ? JSON.parse(text) : {}; } catch { data = {text}; }
  if (!answer.ok) throw Object.assign(new Error((data.title || answer.status) + (data.detail ? ': ' + data.detail : '')), {status: answer.status});
  return data;
}
function show(id) { for (const s of ['setup', 'login', 'calls']) $('#' + s).hidden = s !== id; $('#logout').hidden = id !== 'calls'; }
async function begin() {
  try {
    const me = await api('auth/me');
    csrf = me.csrf || me.csrf_token || '';
    show('calls'); find(); health();
  } catch (e) {
    const state = await api('auth/state');
    show(state.setup_needed ? 'setup' : 'login');
    const token = new URLSearchParams(location.hash.slice(1)).get('token');
    if (token) $('#setup [name=token]').value = token;
  }
}
function submit(form, path) {
  form.addEventListener('submit', async event => {
    event.preventDefault();
    $('.error', form).textContent = '';
    try {
      await api(path, Object.fromEntries(new FormData(form)));
      if (path === 'auth/setup') history.replaceState(null, '', '/');
      begin();
    } catch (e) { $('.error', form).textContent = e.message; }
  });
}
async function health() {
  try { const h = await api('health'); $('#health').textContent = h.state; $('#health').className = h.state === 'good' ? '' : 'bad'; } catch {}
  setTimeout(health, 5000);
}
async function find() {
  const asked = new URLSearchParams(new FormData($('#ask')));
  $('#calls > .error').textContent = '';
  try {
    const page = await api('calls?limit=200&' + asked);
    const body = $('tbody'); body.replaceChildren();
    for (const call of page.rows) {
      const row = document.createElement('tr'); row.tabIndex = 0;
      const who = p => (p.user ? p.user + '@' : '') + (p.host || '');
      for (const text of [call.start, call.state, call.status ?? '', who(call.from), who(call.to), call.src, call.dst, call.call_id]) {
        const cell = document.createElement('td'); cell.textContent = text; row.append(cell);
      }
      const open = () => ladder(call.call_id);
      row.addEventListener('click', open);
      row.addEventListener('keydown', e => { if (e.key === 'Enter') open(); });
      body.append(row);
    }
    const lost = page.lost && page.lost.count ? ', ' + page.lost.count + ' messages lost in that time' : '';
    $('#said').textContent = page.rows.length + (page.next ? ' or more' : '') + ' calls in ' + page.took_ms + ' ms' + lost;
  } catch (e) { $('#calls > .error').textContent = e.message; if (e.status === 401) begin(); }
}
async function ladder(id) {
  const answer = await fetch('/api/v1/calls/' + encodeURIComponent(id) + '/ladder?format=text');
  const box = $('#ladder'); box.hidden = false; box.textContent = await answer.text(); box.focus();
}
submit($('#setup'), 'auth/setup'); submit($('#login'), 'auth/login');
$('#ask').addEventListener('submit', event => { event.preventDefault(); find(); });
$('#logout').addEventListener('click', async () => { await api('auth/logout', {}).catch(() => 0); begin(); });
begin();
)siploom";

}  // namespace siploom::api
