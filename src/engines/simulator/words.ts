/** Words that the toy model writes. Each, with the space before it, is one token, as common words are for real models. */
export const WORDS: readonly string[] = `
able about above account across action actually after again against agree allow almost alone along already also
although always among amount and animal another answer any apply area around article ask available away back base
because become before begin behind believe below best better between beyond book both bring build business but call
can care case cause change check child choose city clear close code cold come common community compare complete
consider contain context correct could country course cover create current data day deal decide deep depend detail
different direct does done down each early easy either else end enough even every example expect explain fact family
far feel few field find first follow food for form found free friend from full further general get give good great
group grow had half hand happen hard has have health help her here high him his history hold home hope house how
however human idea important include into issue its just keep kind know language large last later learn least leave
less level life light like line list little local long look low main make many material matter may mean measure might
model more most move much must name near need never new next not note nothing now number of often old on once one
only open or order other our out over own part pass people perhaps place plan point possible power present problem
process prompt provide public question quite rather read real reason record require response result right room rule
run same say school second see seem sentence set several should show side simple since small some something soon
sort sound space speak stand start state step still story strong study such support sure system take task tell text
than that the their them then there these they thing think this those though three through time to today together
too topic toward true try turn two under until up use useful value very view want was water way well were what when
where which while who why will with within without word work world would write year yet you young your
`
  .trim()
  .split(/\s+/);
