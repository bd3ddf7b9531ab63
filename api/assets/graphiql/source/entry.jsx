// The explorer: GraphiQL with credentials by bearer field or by session cookie and CSRF header.
import React, { useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { GraphiQL } from 'graphiql';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { createClient } from 'graphql-ws';
import 'graphiql/style.css';
import './extra.css';

const TOKEN = 'trastienda.bearer';
const here = new URL(window.location.href);
const url = new URL('/graphql', here).href;
const wsUrl = url.replace(/^http/, 'ws');

const es = (navigator.language || 'es').toLowerCase().startsWith('en') === false;
const say = es
  ? { label: 'Credencial (Bearer)', hint: 'vacía: se usa la sesión del navegador',
    welcome: '# Escriba aquí una consulta. Ctrl-Intro la ejecuta, Ctrl-Espacio sugiere campos.\n# El libro de la izquierda muestra el esquema.\n{\n  __typename\n}\n' }
  : { label: 'Credential (Bearer)', hint: 'empty: the browser session is used',
    welcome: '# Write a query here. Ctrl-Enter runs it, Ctrl-Space suggests fields.\n# The book on the left shows the schema.\n{\n  __typename\n}\n' };

const cookie = (name) =>
  document.cookie.split('; ').map((c) => c.split('=')).find(([k]) => k === name)?.[1];
const csrf = () => {
  const found = ['__Host-csrf', 'csrf', 'trastienda_csrf', 'XSRF-TOKEN'].map(cookie).find(Boolean);
  return found ? decodeURIComponent(found) : '1';
};
const bearer = (token) => (token.startsWith('Bearer ') ? token : `Bearer ${token}`);

function Explorer() {
  const [token, setToken] = useState(() => sessionStorage.getItem(TOKEN) ?? '');
  const keep = (value) => { sessionStorage.setItem(TOKEN, value); setToken(value.trim()); };
  const fetcher = useMemo(() => {
    const headers = token ? { authorization: bearer(token) } : { 'x-csrf': csrf(), 'x-csrf-token': csrf() };
    const wsClient = createClient({
      url: wsUrl,
      lazy: true,
      connectionParams: () => (token ? { authorization: bearer(token) } : { csrf: csrf() }),
    });
    return createGraphiQLFetcher({ url, headers, wsClient, fetch: (u, o) => fetch(u, { ...o, credentials: 'same-origin' }) });
  }, [token]);
  return (
    <>
      <form className="credential" onSubmit={(e) => e.preventDefault()}>
        <label htmlFor="bearer">{say.label}</label>
        <input id="bearer" type="password" autoComplete="off" placeholder={say.hint}
          value={token} onChange={(e) => keep(e.target.value)} />
      </form>
      <div className="explorer"><GraphiQL fetcher={fetcher} defaultQuery={say.welcome} defaultEditorToolsVisibility="variables" shouldPersistHeaders={false} /></div>
    </>
  );
}
createRoot(document.getElementById('graphiql')).render(<Explorer />);
