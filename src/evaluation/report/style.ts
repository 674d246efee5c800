/**
 * The page's style sheet. Series colours keep their distance for the common kinds of colour blindness
 * (after Okabe and Ito's palette) and have a set of their own on dark ground.
 */
export const STYLE = `
:root{--ground:#fff;--card:#f6f7f9;--ink:#1b1f24;--soft:#59636e;--grid:#e3e6ea;--axis:#8b949e;
--s1:#0b6bb8;--s2:#c65102;--s3:#00805d;--s4:#a3498a;--s5:#6b7178;--s6:#8a6d00;--s7:#5b52b5}
@media (prefers-color-scheme:dark){:root{--ground:#12161c;--card:#1b2129;--ink:#e8ebef;--soft:#a3adb8;--grid:#2a323c;
--axis:#6b7682;--s1:#62b5ef;--s2:#f0934e;--s3:#3fc79c;--s4:#de8fc6;--s5:#98a2ad;--s6:#d9bd4a;--s7:#a79ff0}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1240px;margin:0 auto;padding:32px 24px 48px}
h1{font-size:26px;line-height:1.2;margin:0 0 6px}h2{font-size:16px;margin:0 0 2px}
.lead{color:var(--soft);margin:0 0 24px;max-width:80ch}
.headline{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px;margin-bottom:28px}
.card{background:var(--card);border-radius:10px;padding:14px 16px}
.card-name,.card-detail{color:var(--soft);font-size:13px}.card-value{font-size:25px;font-weight:600;line-height:1.35}
.tables{display:flex;flex-wrap:wrap;gap:0 48px}.table{overflow-x:auto;margin-bottom:26px;max-width:100%}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;min-width:50%}
caption{text-align:left;font-weight:600;font-size:16px;padding-bottom:6px}
th,td{padding:5px 14px 5px 0;text-align:left;border-bottom:1px solid var(--grid);white-space:nowrap;vertical-align:top}
th{color:var(--soft);font-weight:500;font-size:13px}.right{text-align:right}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,500px),1fr));gap:28px 32px}
figure{margin:0}figcaption p{color:var(--soft);font-size:13.5px;margin:0 0 8px}
.chart{width:100%;height:auto;display:block}
.chart text{font:12px system-ui,-apple-system,"Segoe UI",sans-serif;fill:var(--soft)}
.chart .name{font-size:12.5px;fill:var(--ink)}.chart .key{fill:var(--ink)}
.middle{text-anchor:middle}.end{text-anchor:end}
.grid{stroke:var(--grid);stroke-width:1}.axis{stroke:var(--axis);stroke-width:1}
.line{fill:none;stroke-width:2;stroke:currentColor}.dashed{stroke-dasharray:6 4}
.band{fill:currentColor;fill-opacity:.18}.bar{fill:currentColor;fill-opacity:.75}
.dot{fill:currentColor;fill-opacity:.6}
.s1{color:var(--s1)}.s2{color:var(--s2)}.s3{color:var(--s3)}.s4{color:var(--s4)}.s5{color:var(--s5)}.s6{color:var(--s6)}.s7{color:var(--s7)}
.notes{margin-top:30px}.notes ul{padding-left:20px;margin:6px 0;color:var(--soft);max-width:90ch}
footer{margin-top:28px;color:var(--soft);font-size:13px}
@media print{.card{border:1px solid var(--grid)}}
`;
