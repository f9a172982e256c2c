'use strict';
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
