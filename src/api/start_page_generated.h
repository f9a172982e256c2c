// Made by tools/embed_web.py from web/start/; do not edit.
#pragma once

#include <string_view>

namespace siploom::api {

constexpr std::string_view kFaviconSvg = R"siploom(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#1f6f8b"/><path d="M4 2v12M12 2v12" stroke="#bfe3ee" stroke-width="1.2"/><path d="M4 5h7M12 10H5" stroke="#fff" stroke-width="1.5"/><path d="M9 3l3 2-3 2zM7 8l-3 2 3 2z" fill="#fff"/></svg>
)siploom";

constexpr std::string_view kIndexHtml = R"siploom(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>siploom</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/favicon.svg" type="image/svg+xml"><link rel="stylesheet" href="/start.css"><script src="/start.js" defer></script></head>
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
<select name="range" aria-label="Since"><option value="-15m">15 minutes</option><option value="-1h" selected>1 hour</option>
<option value="-1d">1 day</option><option value="-30d">30 days</option><option value="all">all there is</option><option value="own">from &hellip; to &hellip;</option></select>
<span id="own" hidden><input type="datetime-local" name="from" step="1" aria-label="From"> &ndash; <input type="datetime-local" name="to" step="1" aria-label="To"></span>
<button>Find</button></form>
<p class="error" role="alert"></p><p id="said" role="status"></p>
<div id="both">
<aside id="detail" hidden><div><b id="which"></b> <button id="close" aria-label="Close the ladder">Close</button></div><pre id="ladder" tabindex="0"></pre></aside>
<div id="found"><div class="wide"><table><thead><tr><th>Start<th>State<th>Status<th>From<th>To<th>Source<th>Destination<th>Call-ID</tr></thead><tbody></tbody></table></div>
<button id="more" hidden>More</button></div>
</div>
</section>
</main>
<footer><a href="/api/v1/openapi.json">API</a> &middot; <a href="/metrics">metrics</a></footer>
</body></html>
)siploom";

constexpr std::string_view kStartCss = R"siploom(:root{color-scheme:light dark;--line:#8884;--bad:#b11}
@media (prefers-color-scheme:dark){:root{--bad:#f77}}
*{box-sizing:border-box}
body{font:15px/1.45 system-ui,sans-serif;margin:0}
header{display:flex;align-items:center;gap:.8rem;padding:.5rem 1rem;border-bottom:1px solid var(--line);min-height:3.2rem}
footer{padding:.6rem 1rem;opacity:.75}main{padding:1rem}
#health.bad{color:var(--bad);font-weight:bold}#logout{margin-left:auto}
label{display:block;margin:.5rem 0}label input{display:block;width:22rem;max-width:100%}
input,select,button{font:inherit;padding:.3rem .5rem;max-width:100%}
#ask{display:flex;gap:.5rem;flex-wrap:wrap;align-items:center}#ask [name=filter]{flex:1 1 20rem;font-family:monospace;min-width:0}
.error{color:var(--bad);white-space:pre-wrap;overflow-wrap:anywhere}.error:empty,#said:empty{display:none}.wide{overflow-x:auto}
[hidden]{display:none!important}
table{border-collapse:collapse;font-size:14px}th,td{text-align:left;padding:.2rem .7rem .2rem 0;white-space:nowrap}
tbody tr{cursor:pointer;border-top:1px solid var(--line)}tbody tr:hover,tbody tr:focus{background:#8882}
tbody tr.open{background:#8884}
td:nth-child(8){max-width:18rem;overflow:hidden;text-overflow:ellipsis}
#more{margin:.8rem 0}
#detail{border:1px solid var(--line);border-radius:4px;margin-bottom:1rem;scroll-margin-top:.5rem}
#detail>div{display:flex;gap:.5rem;align-items:center;padding:.3rem .7rem;border-bottom:1px solid var(--line)}
#which{flex:1;min-width:0;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
pre{font:13px/1.35 monospace;overflow:auto;margin:0;padding:.7rem;max-height:60vh}
@media (min-width:1100px){
#both{display:flex;flex-direction:row-reverse;gap:1rem;align-items:flex-start}
#found{flex:1 1 0;min-width:0}
#detail{flex:0 1 52%;min-width:0;position:sticky;top:.5rem}pre{max-height:80vh}
}
@media (max-width:700px){
main{padding:.7rem}thead{display:none}table,tbody{display:block}
tbody tr{display:grid;grid-template-columns:1fr auto auto;gap:0 .7rem;padding:.4rem 0}
td{padding:0;white-space:normal;overflow-wrap:anywhere;min-width:0}
td:nth-child(n+4){grid-column:1/-1}td:nth-child(8){max-width:none;opacity:.75}
td:nth-child(n+4)::before{content:attr(data-label) " ";opacity:.65}
}
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
let again = 0;
async function health() {
  try { const h = await api('health'); $('#health').textContent = h.state; $('#health').className = h.state === 'good' ? '' : 'bad'; } catch {}
  clearTimeout(again); again = setTimeout(health, 5000);
}
const two = n => String(n).padStart(2, '0');
function local(time) {
  const t = new Date(time);
  return isNaN(t) ? time || '' : `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
}
const names = ['Start', 'State', 'Status', 'From', 'To', 'Source', 'Destination', 'Call-ID'];
let asked = '', next = '', count = 0;
function question() {
  const form = new FormData($('#ask')), out = new URLSearchParams({filter: form.get('filter')});
  const range = form.get('range');
  if (range.startsWith('-')) out.set('from', range);
  if (range === 'own') for (const end of ['from', 'to']) if (form.get(end)) out.set(end, new Date(form.get(end)).toISOString());
  return out.toString();
}
function add(call) {
  const row = document.createElement('tr'); row.tabIndex = 0;
  const who = p => (p.user ? p.user + '@' : '') + (p.host || '');
  [local(call.start), call.state, call.status ?? '', who(call.from), who(call.to), call.src, call.dst, call.call_id].forEach((text, i) => {
    const cell = document.createElement('td'); cell.textContent = text; cell.dataset.label = names[i];
    if (i === 0 || i === 7) cell.title = i ? text : call.start;
    row.append(cell);
  });
  const open = () => ladder(call.call_id, row);
  row.addEventListener('click', open);
  row.addEventListener('keydown', e => { if (e.key === 'Enter') open(); });
  $('tbody').append(row);
}
function close() { $('#detail').hidden = true; const row = $('tr.open'); if (row) { row.classList.remove('open'); row.focus(); } }
// A new question, or the next page of the one before.
async function find(more) {
  $('#calls > .error').textContent = '';
  const page_on = more === true && next;
  if (!page_on) { asked = question(); next = ''; count = 0; $('tbody').replaceChildren(); $('#said').textContent = ''; $('#detail').hidden = true; $('table').hidden = true; }
  $('#more').hidden = true;
  const mine = asked;
  try {
    const page = await api('calls?limit=200&' + asked + (page_on ? '&cursor=' + encodeURIComponent(next) : ''));
    if (mine !== asked) return;
    next = page.next || '';
    page.rows.forEach(add);
    count += page.rows.length;
    $('#more').hidden = !next;
    $('table').hidden = count === 0;
    const lost = page.lost && page.lost.messages ? ', ' + page.lost.messages + ' messages lost in that time' : '';
    const partial = page.partial ? '; not all: ' + page.reason : '';
    $('#said').textContent = count + (next ? ' or more' : '') + (count === 1 ? ' call in ' : ' calls in ') + page.took_ms + ' ms' + lost + partial;
  } catch (e) {
    if (mine !== asked) return;
    $('#calls > .error').textContent = e.message;
    if (page_on) $('#more').hidden = false;
    if (e.status === 401) begin();
  }
}
async function ladder(id, row) {
  const old = $('tr.open'); if (old) old.classList.remove('open');
  row.classList.add('open');
  const answer = await fetch('/api/v1/calls/' + encodeURIComponent(id) + '/ladder?format=text');
  const text = await answer.text();
  if (!row.classList.contains('open')) return;
  $('#which').textContent = id; $('#which').title = id;
  $('#ladder').textContent = text;
  $('#detail').hidden = false;
  if (!matchMedia('(min-width:1100px)').matches) $('#detail').scrollIntoView({block: 'start'});
  $('#ladder').focus({preventScroll: true});
}
submit($('#setup'), 'auth/setup'); submit($('#login'), 'auth/login');
$('#more').addEventListener('click', () => find(true)); $('#close').addEventListener('click', close);
$('#detail').addEventListener('keydown', e => { if (e.key === 'Escape') close(); });
$('[name=range]').addEventListener('change', e => { $('#own').hidden = e.target.value !== 'own'; });
$('#ask').addEventListener('submit', event => { event.preventDefault(); find(); });
$('#logout').addEventListener('click', async () => { await api('auth/logout', {}).catch(() => 0); begin(); });
begin();
)siploom";

}  // namespace siploom::api
