"""Whoever writes into an array or a table through another name for it, or a view of it, changes it.

What Python makes of each pair is asked of the libraries themselves: where the original is
another one afterwards, the step has to hand it on.
"""

import copy
import re
import warnings

import numpy as np
import pandas as pd
import pytest

from cellwright.compiler.driver import compile_notebook
from support.notebooks import code, ipynb

IMPORTS = "import copy\nimport numpy as np\nimport pandas as pd"
VIEWS = [
    "c=x",
    "c=x[:]",
    "c=x[1:]",
    "c=x.T",
    "c=x.reshape(2,3)",
    "c=x.reshape(-1)",
    "c=x.ravel()",
    "c=x.view()",
    "c=np.asarray(x)",
    "c=np.atleast_2d(x)",
    "c=x.squeeze()",
    "c=np.squeeze(x)",
    "c=np.swapaxes(x.reshape(2,3),0,1)",
    "c=x.real",
    "c=np.split(x,2)[0]",
    "c=np.array_split(x,2)[0]",
    "c=np.ravel(x)",
    "c=np.reshape(x,(3,2))",
    "c=np.transpose(x)",
    "c=x[::-1]",
    "c=x[None]",
    "c=x[...]",
    "c=np.expand_dims(x,0)",
    "c=np.flip(x)",
    "c=np.asanyarray(x)",
    "c=np.ascontiguousarray(x)",
    "c=np.require(x)",
    "c=np.nan_to_num(x,copy=False)",
    "c=x.astype(float,copy=False)",
    "c=np.moveaxis(x.reshape(2,3),0,1)",
    "c=np.lib.stride_tricks.as_strided(x)",
    "c=np.lib.stride_tricks.sliding_window_view(x,2,writeable=True)",
    "c=np.rollaxis(x.reshape(2,3),1)",
    "c=np.diagonal(x.reshape(2,3))",
    "c=[x][0]",
    "c=dict(a=x)['a']",
    "c=(lambda a:a)(x)",
    "c=list([x])[0]",
    "c=np.broadcast_arrays(x,x)[0]",
    "c=np.rot90(x.reshape(2,3))",
    "c=np.hsplit(x,2)[0]",
    "c=np.vsplit(x.reshape(2,3),2)[0]",
    "c=x.reshape(2,3)[0]",
    "c=[r for r in x.reshape(2,3)][0]",
    "c=next(iter(x.reshape(2,3)))",
    "c=x.flat",
    "c=x.__array__()",
    "c=np.matrix(x,copy=False)",
    "c=np.asmatrix(x)",
    "c=np.ma.asarray(x)",
    "c=np.ma.array(x,copy=False)",
    "c=np.frombuffer(x)",
    "c=np.ndarray(6,float,x)",
    "c=x.view(np.ndarray)",
    "c=np.fliplr(x.reshape(2,3))",
    "c=np.unstack(x.reshape(2,3))[0]",
    "c=np.permute_dims(x.reshape(2,3))",
    "c=pd.Series(x,copy=False)",
    "c=pd.DataFrame(x.reshape(2,3),copy=False)",
    "c=pd.Series(x,copy=False).values",
    "c=np.dsplit(x.reshape(1,2,3),3)[0]",
    "c=tuple(x.reshape(2,3))[1]",
    "a,c=x.reshape(2,3)",
    "c,*_=x.reshape(3,2)",
    "c=x.swapaxes(0,0)",
]
WRITES = [
    "c[0]=9",
    "c[...]=9",
    "c[:]=9",
    "c+=9",
    "c*=2",
    "c-=1",
    "np.add(c,1,out=c)",
    "np.copyto(c,9)",
    "c.fill(9)",
    "c.sort()",
    "np.put(c,0,9)",
    "c.put(0,9)",
    "np.place(c,c>-1,9)",
    "np.putmask(c,c>-1,9)",
    "c.flat[0]=9",
    "c.flat=9",
    "np.random.shuffle(c)",
    "np.random.default_rng(0).shuffle(c)",
    "np.fill_diagonal(c,9)",
    "c.partition(1)",
    "np.negative(c,out=c)",
    "np.exp(c,c)",
    "c.clip(0,1,out=c)",
    "np.clip(c,0,1,c)",
    "c.T[0]=9",
    "c[0:1]+=5",
    "c[c>1]=0",
    "c[[0,1]]=7",
    "for i in range(len(c)): c[i]=3",
    "def f(a): a[0]=5\nf(c)",
    "np.maximum(c,3,out=c)",
    "c.byteswap(inplace=True)",
    "np.cumsum(c,out=c)",
    "np.put_along_axis(c,np.array([0]),9,0)",
    "c.__setitem__(0,9)",
    "c.__iadd__(1)",
    "np.matmul(c,1,out=c)",
    "c.round(out=c)",
    "np.nan_to_num(c,copy=False,nan=1)",
    "c.real=5",
    "np.add.at(c,0,5)",
    "c.iloc[0]=9",
    "c.values[0]=9",
    "np.random.RandomState(0).shuffle(c)",
    "np.divide(c,2,c)",
    "np.multiply(c,2,out=(c,))",
]
TABLES = [
    "c=x",
    "c=x[:]",
    "c=x.loc[:]",
    "c=x.iloc[:]",
    "c=x.copy()",
    "c=x.copy(deep=False)",
    "c=x.T",
    "c=x[['a','b']]",
    "c=x.reset_index(drop=True)",
    "c=x.rename(columns={})",
    "c=x.pipe(lambda d:d)",
    "c=(lambda d:d)(x)",
    "c=[x][0]",
    "c=x.head(2)",
    "c=x.assign()",
    "c=x.set_index('b',drop=False)",
    "c=x.astype(float)",
    "c=x.infer_objects()",
    "c=x.sort_index()",
    "c=pd.DataFrame(x)",
    "c=pd.DataFrame(x,copy=False)",
    "c=x.groupby('b').apply(lambda g:g)",
    "c=x.squeeze()",
    "c=x.set_axis([5,6,7])",
    "c=x.fillna(0)",
    "c=x.query('a>-9')",
    "c=x.loc[x.index]",
    "c=x.groupby('b').obj",
    "c=x.set_flags()",
    "c=x.transform(lambda s:s)",
    "c={'d':x}['d']",
    "c,=[x]",
    "c=x.rolling(1).obj",
]
CHANGES = [
    "c['a']=0",
    "c.loc[0,'a']=99",
    "c.iloc[0,0]=99",
    "c.at[0,'a']=99",
    "c.iat[0,0]=99",
    "c['new']=1",
    "c.loc[3]=[1,2]",
    "del c['a']",
    "c.pop('a')",
    "c.drop(columns='a',inplace=True)",
    "c.rename(columns={'a':'z'},inplace=True)",
    "c.fillna(0,inplace=True)",
    "c.sort_values('a',ascending=False,inplace=True)",
    "c.reset_index(inplace=True)",
    "c.set_index('a',inplace=True)",
    "c.columns=['p','q']",
    "c.index=[7,8,9]",
    "c.insert(0,'n',1)",
    "c+=1",
    "c*=2",
    "c['a']+=1",
    "c.a=5",
    "c[c>1]=0",
    "c.loc[c.a>1,'a']=0",
    "c.update(pd.DataFrame({'a':[7,7,7]}))",
    "c.attrs['k']=1",
    "c.index.name='i'",
    "c.columns.name='cn'",
    "c.drop(index=0,inplace=True)",
    "c.replace(1,9,inplace=True)",
    "c.where(c>1,0,inplace=True)",
    "c.mask(c>1,0,inplace=True)",
    "c.clip(0,1,inplace=True)",
    "c.eval('z=a+b',inplace=True)",
    "c.query('a>1',inplace=True)",
    "c.dropna(inplace=True)",
    "c.drop_duplicates(inplace=True)",
    "c.loc[:, 'a']=0",
    "c[['a','b']]=0",
    "c.isetitem(0,5)",
    "c.__setitem__('a',0)",
    "setattr(c,'a',0)",
    "c.sort_index(ascending=False,inplace=True)",
    "c.interpolate(inplace=True)",
    "c.ffill(inplace=True)",
    "def f(d): d['a']=1\nf(c)",
    "for n in ['a']: c[n]=c[n]*2",
    "c.index.names=['i']",
    "c.rename_axis('r',inplace=True)",
    "c.flags.allows_duplicate_labels=False",
    "c.truncate(1)",
    "pd.eval('z = c.a+1',target=c,inplace=True)",
    "c.a.name='z'",
    "c['a'].iloc[0]=9",
    "s=c['a']\ns.iloc[0]=9",
    "c.values[0,0]=9",
    "c.to_numpy()[0,0]=9",
    "np.asarray(c)[0,0]=9",
    "c.set_flags(allows_duplicate_labels=False)",
    "c.bfill(inplace=True)",
    "c.loc[len(c)]=[0,0]",
    "c.reindex([0],copy=False)",
    "c.columns.values[0]='zz'",
    "c.columns=c.columns.str.upper()",
    "c.__delitem__('a')",
]
COLUMNS = [
    "c=x",
    "c=x[:]",
    "c=x.copy(deep=False)",
    "c=x.iloc[:]",
    "c=x.rename('q')",
    "c=x.to_frame()",
    "c=x.index",
    "c=x.values",
    "c=x.array",
    "c=[x][0]",
    "c=x.astype(float)",
    "c=pd.Series(x)",
    "c=pd.Series(x,copy=False)",
    "c=x.squeeze()",
    "c=x.reset_index(drop=True)",
    "c=x.loc[:]",
    "c=x.groupby([1,1,2]).obj",
    "c=x.where(x>-9)",
]
COLUMN_CHANGES = [
    "c.iloc[0]=9",
    "c[0]=9",
    "c.loc[0]=9",
    "c.at[0]=9",
    "c+=1",
    "c.name='n'",
    "c.index=[4,5,6]",
    "c.index.name='i'",
    "c.fillna(0,inplace=True)",
    "c.sort_values(inplace=True)",
    "c.replace(1,5,inplace=True)",
    "c.update([7,7,7])",
    "c.drop(0,inplace=True)",
    "c.rename('z',inplace=True)",
    "c.reset_index(drop=True,inplace=True)",
    "c[c>1]=0",
    "c.attrs['k']=1",
    "c.clip(0,1,inplace=True)",
    "c.mask(c>1,0,inplace=True)",
    "c.loc[5]=1",
    "c.pop(0)",
    "del c[0]",
    "c.values[0]=9",
    "c.index.values[0]=9",
    "c.iat[0]=8",
    "c[1:]=0",
    "c.sort_index(ascending=False,inplace=True)",
]

KINDS = {
    "array": ("x = np.arange(6.0) - 2", VIEWS, WRITES),
    "table": ("x = pd.DataFrame({'a': [3, 1, 2], 'b': [1.0, 2.0, 2.0]})", TABLES, CHANGES),
    "column": ("x = pd.Series([3.0, 1.0, 2.0])", COLUMNS, COLUMN_CHANGES),
}


def looks(value):
    """Return all that can be seen of an array, a table or a column."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    labels = [repr(value.index), repr(getattr(value, "columns", value.index)), value.attrs]
    return repr(value.to_dict()), labels, repr(getattr(value, "name", ""))


def changes(setup, made, use):
    """Tell whether the original is another one after the use; not where that fails."""
    namespace = {"np": np, "pd": pd, "copy": copy}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(f"{setup}\n{made}", namespace)
            before = looks(copy.deepcopy(namespace["x"]))
            exec(use, namespace)
            return looks(namespace["x"]) != before
        except Exception:  # noqa: BLE001  # the pair does not go together
            return False


def numbered(text, number):
    """Return the text with variables of its own."""
    return re.sub(r"\b([xc])\b(?!['\"])", rf"\g<1>{number}", text)


@pytest.mark.parametrize(
    ("kind", "made"), [(kind, made) for kind, (_, makes, _) in KINDS.items() for made in makes]
)
def test_who_writes_into_a_view_changes_what_it_is_a_view_of(kind, made):
    setup, _, uses = KINDS[kind]
    ways = [(n, use) for n, use in enumerate(uses) if changes(setup, made, use)]
    cells = [
        code(IMPORTS, "imports"),
        code("\n".join(numbered(f"{setup}\n{made}", n) for n, _ in ways), "step:make"),
        code("\n".join(numbered(use, n) for n, use in ways), "step:change"),
        code("\n".join(f"print(x{n})" for n, _ in ways), "step:show"),
    ]

    found = compile_notebook(ipynb(cells), path="notebook.ipynb")

    assert found.pipeline is not None, list(found.report)
    handed_on = {port.name for port in found.pipeline.steps["change"].outputs}
    assert [use for n, use in ways if f"x{n}" not in handed_on] == []


@pytest.mark.parametrize("kind", KINDS)
def test_most_uses_change_the_original_by_another_name(kind):
    setup, _, uses = KINDS[kind]

    assert sum(changes(setup, "c = x", use) for use in uses) > len(uses) / 2
