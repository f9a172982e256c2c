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
