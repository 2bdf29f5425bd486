/** Header with the pages and the choice of colours, a way past it for the keyboard, the page itself, and what this is. */
import { useState, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { words } from "../words";
import "./frame.css";
import { chosen, THEMES, wear, type Theme } from "./theme";

const PAGES = [["/", words.nav.overview], ["/alerts", words.nav.alerts], ["/models", words.nav.models]] as const;

export function Frame({ children }: { children: ReactNode }) {
  return (
    <>
      <a className="skip" href="#content">{words.skip}</a>
      <header className="frame no-print">
        <Link href="/" className="brand"><img src="/mark.svg" alt="" width="24" height="24" />{words.product}</Link>
        <Pages />
        <Colours />
      </header>
      <main id="content" tabIndex={-1}>{children}</main>
      <footer className="frame soft small">{words.support} <a href="/service">{words.nav.service}</a></footer>
    </>
  );
}

function Pages() {
  const [at] = useLocation();
  return (
    <nav aria-label={words.nav.label}>
      {PAGES.map(([path, name]) => (
        <Link key={path} href={path} aria-current={at === path ? "page" : undefined}>{name}</Link>
      ))}
    </nav>
  );
}

function Colours() {
  const [theme, set] = useState<Theme>(chosen);
  function choose(wanted: Theme) {
    wear(wanted);
    set(wanted);
  }
  return (
    <label className="small">
      <span className="hidden">{words.theme.label}</span>
      <select value={theme} onChange={(event) => choose(event.target.value as Theme)}>
        {THEMES.map((name) => <option key={name} value={name}>{words.theme[name]}</option>)}
      </select>
    </label>
  );
}
