// The reads of `trastienda bench` by Node, to compare with: Fastify, Mercurius with its compiled
// queries (graphql-jit) and its loaders, and postgres.js with prepared statements, over the same
// database. It asks nobody who they are, checks no permission, binds no tenant and audits nothing;
// its role reads past row-level security. `trastienda bench --rival` checks that its answers are
// the same, letter for letter.
//
//   DATABASE_URL  an address whose role reads everything (trastienda_backup)
//   PORT          4200
//   ORGANISATION  the short name of the organisation that is read; bench
//   WORKERS       processes; 1
import cluster from "node:cluster";
import Fastify from "fastify";
import mercurius from "mercurius";
import postgres from "postgres";

async function serve() {
  const sql = postgres(process.env.DATABASE_URL, {
    max: 8,
    types: {
      date: { to: 1082, from: [1082], serialize: String, parse: (text) => text },
      numeric: { to: 1700, from: [1700], serialize: String, parse: (text) => text },
    },
  });
  const [{ id: organisation }] = await sql`
    SELECT id FROM directory.organisation WHERE slug = ${process.env.ORGANISATION ?? "bench"}`;
  const app = Fastify();
  app.register(mercurius, {
    schema,
    resolvers: resolvers(sql, organisation),
    loaders: loaders(sql, organisation),
    jit: 1,
  });
  await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT ?? 4200) });
}

const schema = `
  scalar Date
  type Query {
    entry(id: ID!): Entry
    entries(first: Int, after: String, filter: EntryFilter): EntryConnection!
    invoices(first: Int, filter: InvoiceFilter): InvoiceConnection!
  }
  input IdFilter { eq: ID }
  input EntryFilter { company: IdFilter }
  input InvoiceFilter { company: IdFilter }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type Money { amount: String! currencyCode: String! }
  type MoneyPair { document: Money! }
  type EntryConnection { nodes: [Entry!]! pageInfo: PageInfo! }
  type Entry {
    id: ID! memo: String! postedOn: Date! journal: Journal total: Money!
    lines(first: Int): EntryLinePage!
  }
  type Journal { code: String! }
  type EntryLinePage { rows: [EntryLine!]! }
  type EntryLine { account: Account amount: MoneyPair! }
  type Account { code: String! name: String! }
  type InvoiceConnection { nodes: [Invoice!]! }
  type Invoice {
    id: ID! number: String kind: String! status: String! issuedOn: Date! dueOn: Date!
    party: Party total: MoneyPair! lines: [InvoiceLine!]!
  }
  type Party { name: String! taxId: String }
  type InvoiceLine { description: String! quantity: String! unitPrice: Money! net: Money! }
`;

function resolvers(sql, organisation) {
  return {
    Query: {
      entry: async (_, { id }) => (await sql`
        SELECT id, memo, posted_on, journal_id, total FROM ledger.entry
        WHERE organisation_id = ${organisation} AND id = ${uuid(id)}`).map(entry)[0] ?? null,
      entries: async (_, { first = 50, after, filter }) => {
        const company = uuid(filter.company.eq);
        const rows = after
          ? await sql`
              SELECT id, memo, posted_on, journal_id, total FROM ledger.entry
              WHERE organisation_id = ${organisation} AND company_id = ${company}
                AND (posted_on, id) < (${place(after).day}, ${place(after).id})
              ORDER BY posted_on DESC, id DESC LIMIT ${first + 1}`
          : await sql`
              SELECT id, memo, posted_on, journal_id, total FROM ledger.entry
              WHERE organisation_id = ${organisation} AND company_id = ${company}
              ORDER BY posted_on DESC, id DESC LIMIT ${first + 1}`;
        const nodes = rows.slice(0, first).map(entry);
        const last = rows[nodes.length - 1];
        return {
          nodes,
          pageInfo: { hasNextPage: rows.length > first, endCursor: last ? cursor(last) : null },
        };
      },
      invoices: async (_, { first = 50, filter }) => {
        const company = uuid(filter.company.eq);
        const rows = await sql`
          SELECT id, number, kind, status, issued_on, due_on, party_id, currency, total
          FROM finance.invoice
          WHERE organisation_id = ${organisation} AND company_id = ${company}
          ORDER BY issued_on DESC, id DESC LIMIT ${first}`;
        return { nodes: rows.map(invoice) };
      },
    },
  };
}

function loaders(sql, organisation) {
  const loader = (load) => ({ loader: load, opts: { cache: false } });
  return {
    Entry: {
      journal: loader(async (queries) => {
        const wanted = [...new Set(queries.map(({ obj }) => obj.journalId))];
        const rows = await sql`SELECT id, code FROM ledger.journal
          WHERE organisation_id = ${organisation} AND id = ANY(${wanted})`;
        const known = new Map(rows.map((row) => [row.id, row]));
        return queries.map(({ obj }) => known.get(obj.journalId));
      }),
      lines: loader(async (queries) => {
        const wanted = queries.map(({ obj }) => obj.uuid);
        const rows = await sql`
          SELECT l.entry_id, l.account_id, l.amount, l.currency FROM ledger.entry_line l
          WHERE l.organisation_id = ${organisation} AND l.entry_id = ANY(${wanted}) AND l.position <= ${queries[0].params.first ?? 50}
          ORDER BY l.entry_id, l.position`;
        const of = groups(rows, (row) => row.entry_id, (row) => ({
          accountId: row.account_id,
          amount: { document: money(row.amount, row.currency) },
        }));
        return wanted.map((id) => ({ rows: of.get(id) ?? [] }));
      }),
    },
    EntryLine: {
      account: loader(async (queries) => {
        const wanted = [...new Set(queries.map(({ obj }) => obj.accountId))];
        const rows = await sql`
          SELECT id, code, name_es AS name FROM ledger.account
          WHERE organisation_id = ${organisation} AND id = ANY(${wanted})`;
        const known = new Map(rows.map((row) => [row.id, row]));
        return queries.map(({ obj }) => known.get(obj.accountId));
      }),
    },
    Invoice: {
      party: loader(async (queries) => {
        const wanted = [...new Set(queries.map(({ obj }) => obj.partyId))];
        const rows = await sql`
          SELECT id, name, tax_id AS "taxId" FROM directory.party
          WHERE organisation_id = ${organisation} AND id = ANY(${wanted})`;
        const known = new Map(rows.map((row) => [row.id, row]));
        return queries.map(({ obj }) => known.get(obj.partyId));
      }),
      lines: loader(async (queries) => {
        const wanted = queries.map(({ obj }) => obj.uuid);
        const rows = await sql`
          SELECT l.invoice_id, l.description, l.quantity, l.unit_price, l.net
          FROM finance.invoice_line l
          WHERE l.organisation_id = ${organisation} AND l.invoice_id = ANY(${wanted})
          ORDER BY l.invoice_id, l.position`;
        const of = groups(rows, (row) => row.invoice_id, (row) => ({
          description: row.description,
          quantity: plain(row.quantity),
          unitPrice: money(row.unit_price, "EUR"),
          net: money(row.net, "EUR"),
        }));
        return wanted.map((id) => of.get(id) ?? []);
      }),
    },
  };
}

const entry = (row) => ({
  id: typed("jen", row.id),
  uuid: row.id,
  memo: row.memo,
  postedOn: row.posted_on,
  journalId: row.journal_id,
  total: money(row.total, "EUR"),
});

const invoice = (row) => ({
  id: typed("inv", row.id),
  uuid: row.id,
  number: row.number,
  kind: row.kind,
  status: row.status,
  issuedOn: row.issued_on,
  dueOn: row.due_on,
  partyId: row.party_id,
  total: { document: money(row.total, row.currency) },
});

function groups(rows, key, make) {
  const found = new Map();
  for (const row of rows) {
    const list = found.get(key(row));
    if (list) list.push(make(row));
    else found.set(key(row), [make(row)]);
  }
  return found;
}

// Amounts stay text: two places at least, no needless zeros.
const money = (text, currencyCode) => ({ amount: text.replace(/(\.\d\d\d*?)0*$/, "$1"), currencyCode });
const plain = (text) => text.replace(/\.?0+$/, "");

// A TypeID (`jen_01h…`): a prefix and a UUID in Crockford's base 32.
const LETTERS = "0123456789abcdefghjkmnpqrstvwxyz";
function uuid(id) {
  let number = 0n;
  for (const letter of id.slice(id.lastIndexOf("_") + 1)) {
    number = (number << 5n) | BigInt(LETTERS.indexOf(letter));
  }
  const hex = number.toString(16).padStart(32, "0");
  return [8, 12, 16, 20, 32]
    .map((end, at, ends) => hex.slice(at ? ends[at - 1] : 0, end))
    .join("-");
}
function typed(prefix, id) {
  const hex = id.replaceAll("-", "");
  let high = parseInt(hex.slice(0, 2), 16);
  let text = LETTERS[high >> 5] + LETTERS[high & 31];
  // The rest is 120 bits: 24 letters, ten hexadecimal digits to eight of them.
  for (let at = 2; at < 32; at += 10) {
    let upper = parseInt(hex.slice(at, at + 5), 16);
    let lower = parseInt(hex.slice(at + 5, at + 10), 16);
    for (const part of [upper, lower]) {
      text += LETTERS[part >> 15] + LETTERS[(part >> 10) & 31];
      text += LETTERS[(part >> 5) & 31] + LETTERS[part & 31];
    }
  }
  return `${prefix}_${text}`;
}

// A cursor names the order and the place in it.
function place(after) {
  const [, , value, id] = JSON.parse(Buffer.from(after, "base64url").toString());
  return { day: value.v, id };
}
function cursor(row) {
  const value = { t: "Date", v: row.posted_on };
  return Buffer.from(JSON.stringify(["POSTED_ON", "DESC", value, row.id])).toString("base64url");
}

const workers = Number(process.env.WORKERS ?? 1);
if (cluster.isPrimary && workers > 1) {
  for (let each = 0; each < workers; each += 1) cluster.fork();
} else {
  await serve();
}
